from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydantic import SecretStr

from upkeep.conf import conf


def test_a_project_need_not_set_anything(settings: Any) -> None:
    del settings.UPKEEP
    assert conf().LEASE_SECONDS == 20
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


def test_a_key_is_never_shown(settings: Any) -> None:
    settings.UPKEEP = {"FERNET_KEYS": ("c2VjcmV0",), "MAX_CHANGES": -1}
    with pytest.raises(ImproperlyConfigured) as raised:
        conf()
    settings.UPKEEP = {"FERNET_KEYS": (SecretStr("c2VjcmV0"),)}
    assert "c2VjcmV0" not in f"{raised.value}{conf()!r}"
