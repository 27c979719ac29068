"""Where the settings' values come from: the environment and `.env`; in the home of a demo, from its own file alone."""

import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from backend.config import passwords
from backend.config.ownership import require_own
from backend.config.secrets import is_fernet_key
from upkeep.remote.proxies import Proxy

DEMO = "demo.env"
"""The file in UPKEEP_HOME that makes it the home of a demo."""
FILE = "UPKEEP_ENV_FILE"
"""The variable that names another file than `.env`; empty: none. The tests have no `.env`."""
READ_BY_LIBRARIES = ("CELERY_", "PG")
"""What Celery's and libpq's variables begin with: they lead elsewhere, whatever the settings say."""
OVERRIDES = {
    "CELERY_BROKER_READ_URL": "CELERY_BROKER_URL names the broker",
    "CELERY_BROKER_WRITE_URL": "CELERY_BROKER_URL names the broker",
    "CELERY_RESULT_BACKEND": "results are kept in the database",
    "CELERY_LOADER": "Upkeep configures Celery itself",
    "PGHOSTADDR": "DATABASE_URL names the server",
}
"""Variables that Celery and libpq prefer to any setting, and what counts instead. CELERY_BROKER_URL is ours, too."""
PLACEHOLDER = "replace-me"
"""What stands in `.env.example` for a secret, in any case."""
SECRET_KEY_CHARACTERS = 50
"""What Django's deployment check wants at least."""
TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
ORDINARY = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LANGUAGE", *TERMINAL, *LIBRARIES)


class Environment(environ.Env):  # type: ignore[misc]  # it ships no annotations
    """Names the variable that is malformed, and knows which were asked for. An empty value counts as not set."""

    def __init__(self, values: MutableMapping[str, str]) -> None:
        """No variable was asked for yet."""
        super().__init__()
        self.ENVIRON = values
        self.names: set[str] = set()

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **_: Any) -> Any:
        """The variable's value. Raises ImproperlyConfigured when it is an example's, or is not the number it must be.

        django-environ's own treats a value that begins with $ as the name of another variable.
        """
        self.names.add(var)
        value = self.ENVIRON.get(var, "")
        if not value.strip():
            if default is self.NOTSET:
                raise ImproperlyConfigured(f"{var} is not set")
            return default
        if PLACEHOLDER in value.casefold():
            raise ImproperlyConfigured(f"{var} is still that of .env.example: put your own in place of REPLACE-ME")
        try:
            return self.parse_value(value, cast)
        except ValueError:
            if cast not in (int, float):
                raise
            raise ImproperlyConfigured(f"{var} must be a number, not {value!r}") from None

    def server(self, var: str, password: str = "") -> str:
        """The variable's URL, with what is in the variable `password` as its password; empty when there is none.

        Raises ImproperlyConfigured, which shows nothing of the URL.
        """
        with _without_value(var, password):
            url = self._url(var, password)
            passwords.check_port(url)
            return url

    def public_url(self, var: str) -> str:
        """The variable's `https://host` or `http://host`, empty when there is none.

        Raises ImproperlyConfigured when there is anything else in it.
        """
        url: str = self.str(var, default="").strip().rstrip("/").lower()
        if url and not re.fullmatch(r"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", url):
            raise ImproperlyConfigured(f"{var} must be https://host or https://host:port, without user, path or query")
        return url

    def database(self, var: str, password: str) -> dict[str, Any]:
        """The variable's URL, with what is in the variable `password` as its password, as Django wants it.

        Empty when there is none. Raises ImproperlyConfigured, which shows nothing of the URL.
        """
        with _without_value(var, password):
            url = self._url(var, password)
            return dict(self.db_url_config(url)) if url else {}

    def pooler(self, var: str) -> str:
        """The variable's pooler: `transaction`, or empty. Raises ImproperlyConfigured for any other."""
        mode: str = self.str(var, default="")
        if mode not in ("", "transaction"):
            raise ImproperlyConfigured(f"{var} must be transaction or not set, not {mode!r}")
        return mode

    def _url(self, var: str, password: str) -> str:
        url = self.str(var, default="")
        own = self.str(password, default="") if password else ""
        return passwords.quoted(url, own) if url else ""

    def proxy(self, var: str, direct: str) -> Proxy | None:
        """The proxy that `var` names, except for the hosts that `direct` lists; None without one."""
        hosts = tuple(self.list(direct, default=[]))
        try:
            value = self._url(var, "")
            url = urlsplit(value)
            is_usable = not value or (url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0)
        except ValueError:
            is_usable = False
        if not is_usable:
            raise ImproperlyConfigured(f"{var} must be of the form http://host:port")
        return Proxy(value, hosts) if value else None

    def secret_key(self, var: str) -> str:
        """The variable's secret, empty when there is none. Raises ImproperlyConfigured when it is easily guessed."""
        key: str = self.str(var, default="")
        if key and (len(key) < SECRET_KEY_CHARACTERS or re.search(r"\s", key)):
            raise ImproperlyConfigured(
                f"{var} must be {SECRET_KEY_CHARACTERS} random characters or more, without blanks: see .env.example"
            )
        return key

    def flower_logins(self, var: str) -> str:
        """The variable's logins, empty when there are none. Raises ImproperlyConfigured when one lacks a part."""
        logins: str = self.str(var, default="")
        if logins and not all(re.fullmatch(r"[^:]+:.+", login.strip()) for login in logins.split(",")):
            raise ImproperlyConfigured(f"{var} must be name:password, without a comma; a comma begins the next login")
        return logins

    def fernet_keys(self, var: str) -> list[str]:
        """The variable's keys. Raises ImproperlyConfigured, without its value, when one of them is not one."""
        keys: list[str] = self.list(var, default=[])
        for number, key in enumerate(keys, 1):
            if not is_fernet_key(key):
                wanted = "32 bytes in URL-safe base64, 44 characters"
                raise ImproperlyConfigured(f"{var}: key {number} of {len(keys)} is not a Fernet key: {wanted}")
        return keys


@contextmanager
def _without_value(var: str, password: str) -> Iterator[None]:
    """Raise ImproperlyConfigured for a ValueError of a URL's parsing, which may show the beginning of its password."""
    try:
        yield
    except ValueError as error:
        reason = error.args[0] if isinstance(error, passwords.URLError) else "it cannot be understood"
        apart = f"; {password} takes a password as it is" if password else ""
        raise ImproperlyConfigured(f"{var} must be {passwords.WANTED}, but {reason}{apart}") from None


def load(root: Path) -> Environment:
    """The environment with what `.env` adds to it.

    In the home of a demo its file alone counts, so that invented data never get to what the environment or `.env`
    names: not from the demo, and not from any command on its home. Raises ImproperlyConfigured when somebody else
    could have written the file that counts, and for a variable by which a library would override the settings.
    """
    home = Path(os.environ.get("UPKEEP_HOME") or root / ".upkeep").absolute()
    if (home / DEMO).is_file():
        for own in (home, home / DEMO):
            require_own(own)
        _forget(READ_BY_LIBRARIES)
        return Environment({**_read(home / DEMO), "UPKEEP_HOME": str(home)})
    if file := os.environ.get(FILE, root / ".env"):
        require_own(Path(file))
        _check(Path(file))
        environ.Env.read_env(file)
    if not os.environ.get("DATABASE_URL", "").strip():
        _forget("PG", but="PGAPPNAME")  # the embedded PostgreSQL is where its folder is; a name says who connects
    for name, instead in OVERRIDES.items():
        if os.environ.get(name):
            raise ImproperlyConfigured(f"{name} is set, and would override Upkeep's settings: unset it; {instead}")
    return Environment(os.environ)


def _forget(prefix: str | tuple[str, ...], but: str = "") -> None:
    for name in [name for name in os.environ if name.startswith(prefix) and name != but]:
        del os.environ[name]


def behind_pooler(database: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of DATABASES, for a pooler that lends connections for one transaction: nothing outlives that.

    Neither a cursor of the server, as `iterator()` opens it, nor a prepared statement.
    """
    options = {**database.get("OPTIONS", {}), "prepare_threshold": None}
    return {**database, "DISABLE_SERVER_SIDE_CURSORS": True, "OPTIONS": options}


def ordinary(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that say nothing about a deployment: where programs are, the terminal, the language."""
    return {name: value for name, value in environment.items() if name in ORDINARY or name.startswith("LC_")}


def _check(path: Path) -> None:
    """Raise ImproperlyConfigured, in which nothing of its content stands, for a file that is there but not readable."""
    problem = ""
    try:
        before, nul, _ = path.read_text(encoding="utf-8").partition("\0")
        if nul:
            line = before.count("\n") + 1
            problem = f"{path}: line {line} holds a NUL character: remove it"
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = f"{path}: line {line} is not UTF-8 text: save it as UTF-8"
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
    if problem:  # raised here, out of reach of that error: it carries the content
        raise ImproperlyConfigured(problem)


def _read(path: Path) -> dict[str, str]:
    class File(environ.Env):  # type: ignore[misc]
        """Its class attribute is where `read_env` puts what it finds."""

        ENVIRON: MutableMapping[str, str] = {}

    _check(path)
    File.read_env(path)
    return dict(File.ENVIRON)
