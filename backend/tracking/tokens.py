"""Tokens of trackers and the names that go with them, encrypted: with the first of FERNET_KEYS; all of them decrypt."""

from typing import TYPE_CHECKING

from django.conf import settings
from pydantic import SecretStr

if TYPE_CHECKING:  # imported where a token is: every command imports this module, with the models
    from cryptography.fernet import MultiFernet


class UnreadableTokenError(Exception):
    """A stored token was encrypted with a key that is no longer among FERNET_KEYS: run update_organization again."""


def encrypted(token: SecretStr) -> str:
    """What is stored of a token; empty when there is none."""
    value = token.get_secret_value()
    return _fernet().encrypt(value.encode()).decode() if value else ""


def decrypted(stored: str, *, what: str) -> SecretStr:
    """The token; empty when there is none. Raises UnreadableTokenError, which says what it is."""
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see above

    try:
        return SecretStr(_fernet().decrypt(stored.encode()).decode() if stored else "")
    except InvalidToken:
        raise UnreadableTokenError(
            f"{what} cannot be decrypted: its key is no longer among FERNET_KEYS; update_organization stores it again"
        ) from None


def is_stale(stored: str) -> bool:
    """Whether a token is not encrypted with the first of FERNET_KEYS, but with an older one."""
    from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 - see above

    try:
        _ = stored and Fernet(settings.FERNET_KEYS[0]).decrypt(stored.encode())
    except InvalidToken:
        return True
    return False


def _fernet() -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - see above

    return MultiFernet([Fernet(key) for key in settings.FERNET_KEYS])
