"""Encrypts what a run keeps in the database: with the first of UPKEEP["FERNET_KEYS"]; all of them decrypt."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

from upkeep.conf import conf
from upkeep.operations.errors import OperationError


def encrypted(content: bytes) -> bytes:
    """What is stored of it."""
    return _fernet().encrypt(content)


def decrypted(stored: bytes, *, what: str) -> bytes:
    """The content. Raises OperationError, which says what it is."""
    try:
        return _fernet().decrypt(stored)
    except InvalidToken:
        raise OperationError(f"{what} cannot be decrypted: its key is gone from FERNET_KEYS") from None


def _fernet() -> MultiFernet:
    keys = [key.get_secret_value() for key in conf().FERNET_KEYS]
    return MultiFernet([Fernet(key) for key in keys or _derived_keys()])


def _derived_keys() -> list[bytes]:
    """Keys of 32 bytes in URL-safe base64, from SECRET_KEY and its fallbacks by HKDF (RFC 5869)."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [urlsafe_b64encode(HKDF(SHA256(), 32, None, b"upkeep files").derive(force_bytes(key))) for key in secrets]
