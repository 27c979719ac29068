"""Tokens of trackers and the names that go with them, encrypted: with the first of FERNET_KEYS; all of them decrypt."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from pydantic import SecretStr


class UnreadableTokenError(Exception):
    """A stored token was encrypted with a key that is not among FERNET_KEYS any more: run update_organization again."""


def encrypted(token: SecretStr) -> str:
    """What is stored of a token; empty when there is none."""
    value = token.get_secret_value()
    return _fernet().encrypt(value.encode()).decode() if value else ""


def decrypted(stored: str, *, what: str) -> SecretStr:
    """The token; empty when there is none. Raises UnreadableTokenError, which says what it is."""
    try:
        return SecretStr(_fernet().decrypt(stored.encode()).decode() if stored else "")
    except InvalidToken:
        raise UnreadableTokenError(
            f"{what} cannot be decrypted: its key is not among FERNET_KEYS any more; "
            "update_organization stores it again"
        ) from None


def is_stale(stored: str) -> bool:
    """Whether a token is not encrypted with the first of FERNET_KEYS, but with an older one."""
    try:
        _ = stored and Fernet(settings.FERNET_KEYS[0]).decrypt(stored.encode())
    except InvalidToken:
        return True
    return False


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FERNET_KEYS])
