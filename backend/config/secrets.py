"""Secrets that a deployment did not configure: made once, kept private under UPKEEP_HOME."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from backend.config.ownership import require_own

FERNET_KEY_BYTES = 32


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret kept at `path`; the first process that asks makes it, readable by its owner alone.

    Raises ImproperlyConfigured when somebody else could have written it, OSError when it cannot be read or made.
    """
    for own in (path.parent, path):
        require_own(own)
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        error.filename = str(path)  # the draft's name is nobody's business
        raise
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(make())
    try:
        os.link(draft, path)  # fails, unlike a rename, when another process was quicker: then theirs counts
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()


def new_secret_key() -> str:
    """A value for SECRET_KEY."""
    return secrets.token_urlsafe(48)


def new_fernet_key() -> str:
    """A value for FERNET_KEYS: random bytes as Fernet wants them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(FERNET_KEY_BYTES)).decode("ascii")


def is_fernet_key(key: str) -> bool:
    """Whether Fernet accepts it."""
    try:
        return len(base64.urlsafe_b64decode(key)) == FERNET_KEY_BYTES
    except ValueError:
        return False


def new_password() -> str:
    """A password that a person can type."""
    return secrets.token_urlsafe(12)
