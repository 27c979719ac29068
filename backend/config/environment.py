"""Where the settings' values come from: the environment and `.env`; in the home of a demo, from its own file alone."""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from backend.config.secrets import is_fernet_key

DEMO = "demo.env"
"""The file in UPKEEP_HOME that makes it the home of a demo."""
FILE = "UPKEEP_ENV_FILE"
"""The variable that names another file than `.env`; empty: none. The tests have no `.env`."""
READ_BY_LIBRARIES = ("CELERY_", "PG")
"""What Celery's and libpq's variables begin with: they lead elsewhere, whatever the settings say."""
TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
ORDINARY = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LANGUAGE", *TERMINAL, *LIBRARIES)


class Environment(environ.Env):  # type: ignore[misc]  # it ships no annotations
    """Names the variable that is malformed, and knows which were asked for. An empty value counts as not set."""

    def __init__(self, values: MutableMapping[str, str]) -> None:
        """Nothing was asked for yet."""
        super().__init__()
        self.ENVIRON = values
        self.names: set[str] = set()

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **options: Any) -> Any:
        """The variable's value. Raises ImproperlyConfigured when it must be a number and is not one."""
        self.names.add(var)
        if default is not self.NOTSET and not self.ENVIRON.get(var, "").strip():
            return default
        try:
            return super().get_value(var, cast=cast, default=default, **options)
        except ValueError:
            if cast not in (int, float):
                raise
            raise ImproperlyConfigured(f"{var} is to be a number, not {self.ENVIRON.get(var)!r}") from None

    def fernet_keys(self, var: str) -> list[str]:
        """The variable's keys. Raises ImproperlyConfigured, without its value, when one of them is none."""
        keys: list[str] = self.list(var, default=[])
        for number, key in enumerate(keys, 1):
            if not is_fernet_key(key):
                wanted = "32 bytes in URL-safe base64, 44 characters"
                raise ImproperlyConfigured(f"{var}: key {number} of {len(keys)} is no key of Fernet's: {wanted}")
        return keys


def load(root: Path) -> Environment:
    """The environment with what `.env` adds to it.

    In the home of a demo its file alone counts, so that invented data never get to what the environment or `.env`
    names: not from the demo, and not from any command on its home.
    """
    home = Path(os.environ.get("UPKEEP_HOME") or root / ".upkeep").absolute()
    if (home / DEMO).is_file():
        for name in [name for name in os.environ if name.startswith(READ_BY_LIBRARIES)]:
            del os.environ[name]
        return Environment({**_read(home / DEMO), "UPKEEP_HOME": str(home)})
    if file := os.environ.get(FILE, root / ".env"):
        environ.Env.read_env(file)
    return Environment(os.environ)


def ordinary(environment: Mapping[str, str]) -> dict[str, str]:
    """What says nothing about any deployment: where programs are, the terminal, the language."""
    return {name: value for name, value in environment.items() if name in ORDINARY or name.startswith("LC_")}


def _read(path: Path) -> dict[str, str]:
    class File(environ.Env):  # type: ignore[misc]
        """Its class attribute is where `read_env` puts what it finds."""

        ENVIRON: MutableMapping[str, str] = {}

    File.read_env(path)
    return dict(File.ENVIRON)
