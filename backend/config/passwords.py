"""URLs of servers, whose passwords may hold any character and may be configured apart from them."""

import re
from urllib.parse import quote, unquote, urlsplit

URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:(?P<login>.*)@)?(?P<place>[^@]*)", re.IGNORECASE | re.DOTALL)
NEXT_URL = re.compile(r";(?=[a-z][a-z0-9+.-]*://)", re.IGNORECASE)
"""Between the URLs of several brokers."""
WANTED = "scheme://user:password@host:port/name"


class URLError(ValueError):
    """A URL cannot be used. The reason shows nothing of it: what is wrong may be the beginning of a password."""


def quoted(url: str, password: str = "") -> str:
    """The URL, or several with `;` between them, with its user and password quoted: everything before the last @.

    A password may be quoted already or not; `password`, which is not, replaces it. Raises URLError.
    """
    return ";".join(_quoted(one, password) for one in NEXT_URL.split(url))


def check_port(url: str) -> None:
    """Raise URLError when the URL's port is not one."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise URLError("its port is not a number from 0 to 65535") from None


def _quoted(url: str, password: str) -> str:
    found = URL.fullmatch(url.strip())
    if not found:
        raise URLError("it is not a URL")
    user, _, own = (found["login"] or "").partition(":")
    login = quote(unquote(user), safe="")
    if password or own:
        login += ":" + quote(password or unquote(own), safe="")
    return found["scheme"] + (f"{login}@" if login else "") + found["place"]
