import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.config.secrets import new_fernet_key
from backend.config.settings import env


@pytest.mark.parametrize("read", [env.float, env.int])
def test_a_number_that_is_none_is_named_with_its_variable(read: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_LEASE_SECONDS", "soon")
    with pytest.raises(ImproperlyConfigured, match="RUN_LEASE_SECONDS is to be a number, not 'soon'"):
        read("RUN_LEASE_SECONDS", default=20)  # type: ignore[operator]


@pytest.mark.parametrize("key", ["s3cret", "s3cret" * 7, "A" * 48, "ß" * 44, " "])
def test_a_key_that_is_none_is_named_by_its_number(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERNET_KEYS", f"{new_fernet_key()},{key}")
    with pytest.raises(ImproperlyConfigured, match="FERNET_KEYS: key 2 of 2 is no key of Fernet's") as caught:
        env.fernet_keys("FERNET_KEYS")
    assert key.strip() == "" or key not in str(caught.value)


def test_good_keys_are_taken_and_none_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [new_fernet_key(), new_fernet_key()]
    monkeypatch.setenv("FERNET_KEYS", ",".join(keys))
    assert env.fernet_keys("FERNET_KEYS") == keys
    monkeypatch.setenv("FERNET_KEYS", "")
    assert env.fernet_keys("FERNET_KEYS") == []
