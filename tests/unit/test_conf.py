from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from upkeep.conf import conf

KEY = Fernet.generate_key().decode()


def test_a_project_need_not_set_anything(settings: Any) -> None:
    del settings.UPKEEP
    assert conf().LEASE_SECONDS == 20
    assert conf().POLL_SECONDS <= 1  # half of the two seconds within which a cancelled run stops
    assert conf().SCHEDULE == ""


def test_what_a_project_sets_counts_at_once(settings: Any) -> None:
    settings.UPKEEP = {"LEASE_SECONDS": 7}
    assert conf().LEASE_SECONDS == 7
    settings.UPKEEP = {"LEASE_SECONDS": 8}
    assert conf().LEASE_SECONDS == 8


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"LEASE_SECOND": 7}, "unknown UPKEEP setting 'LEASE_SECOND' (did you mean 'LEASE_SECONDS'?)"),
        ({"LEASE_SECONDS": "soon"}, r'UPKEEP["LEASE_SECONDS"] should be a valid number'),
        ({"LEASE_SECONDS": 0, "SHIM": 1}, "greater than 0, not 0; unknown UPKEEP setting 'SHIM'"),
        ({"PREFIX": "a b"}, 'UPKEEP["PREFIX"]'),
        ("LEASE_SECONDS=7", "UPKEEP is a dict of settings, not str"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(settings: Any, given: Any, complaint: str) -> None:
    settings.UPKEEP = given
    with pytest.raises(ImproperlyConfigured) as raised:
        conf()
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("keys", ["c2VjcmV0", ("c2VjcmV0",), (KEY, "c2VjcmV0"), ["c2VjcmV0", 3], ("c2VjcmV0 ä",)])
def test_a_key_that_is_invalid_is_named_and_never_shown(settings: Any, keys: Any) -> None:
    settings.UPKEEP = {"FERNET_KEYS": keys, "MAX_CHANGES": -1}
    with pytest.raises(ImproperlyConfigured, match=r'UPKEEP\["FERNET_KEYS"\]') as raised:
        conf()
    assert "c2VjcmV0" not in str(raised.value)


def test_keys_that_are_valid_are_taken_and_never_shown(settings: Any) -> None:
    settings.UPKEEP = {"FERNET_KEYS": [KEY]}
    assert conf().FERNET_KEYS[0].get_secret_value() == KEY
    assert KEY not in repr(conf())
