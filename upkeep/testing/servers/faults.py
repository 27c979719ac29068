"""What a stand-in may do wrong.

A fault hits the requests for one key (a TMDB id, an IMDb id) or, as `*`, all that have none of their own.
"""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

EVERYTHING = "*"

PAGE = "<!DOCTYPE html><html><body>We are back soon.</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Changes an answer. What is None stays as it would have been."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    patch: Mapping[str, Any] = field(default_factory=dict)
    """Replaces top-level fields of the JSON answer."""
    without: Sequence[str] = ()
    """Top-level fields that the JSON answer lacks."""
    packed: Sequence[str] = ()
    """How the body is packed, the innermost first: `gzip`, `zlib` or `deflate`. The headers do not say so."""
    corrupt: bool = False
    """One byte in the middle of the body is another one."""
    delay: float | None = None
    keep: int | None = None
    """This many bytes of the body are sent, which is announced as `announced` says."""
    announced: bool = True
    """With the length of the whole body, so that the rest is missed; otherwise the short body looks complete."""
    after: int = 0
    """The first requests, this many, are answered correctly."""
    times: int | None = None
    """This many requests are answered wrongly, later ones correctly."""


PACKERS = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "deflate": lambda body: zlib.compress(body, wbits=-zlib.MAX_WBITS),
}


def status(code: int, *, times: int | None = None, retry_after: str = "") -> Fault:
    """An error as the system words it."""
    return Fault(status=code, times=times, headers={"Retry-After": retry_after} if retry_after else {})


def html(code: int = 200) -> Fault:
    """A page for people."""
    return Fault(status=code, headers={"Content-Type": "text/html; charset=utf-8"}, body=PAGE)


def redirect(location: str) -> Fault:
    """A new address."""
    return Fault(status=301, headers={"Location": location}, body="")


def cut(*, times: int | None = None) -> Fault:
    """The connection ends in the middle of the body."""
    return Fault(keep=20, times=times)


def truncated(*, times: int | None = None) -> Fault:
    """The JSON ends in its middle, and the length says that this is all."""
    return Fault(keep=20, announced=False, times=times)


def text(body: str) -> Fault:
    """A body that is said to be JSON."""
    return Fault(body=body)


def patched(**fields: Any) -> Fault:
    """Other values in the first level of the answer."""
    return Fault(patch=fields)


def lacking(*fields: str) -> Fault:
    """An answer without these top-level fields."""
    return Fault(without=fields)


def packed(*ways: str, declared: str = "", **spoilt: Any) -> Fault:
    """A body that is packed in these ways, as the header says only if `declared`."""
    return Fault(packed=ways, headers={"Content-Encoding": declared} if declared else {}, **spoilt)


def slow(seconds: float) -> Fault:
    """An answer that takes its time."""
    return Fault(delay=seconds)


def later(fault: Fault, *, after: int) -> Fault:
    """The same, after this many requests were answered correctly."""
    return replace(fault, after=after)


def dumped(faults: Mapping[str, Fault]) -> str:
    """Return the faults as JSON for the server's process."""
    names = Fault.__slots__
    return json.dumps({key: {name: getattr(fault, name) for name in names} for key, fault in faults.items()})


def loaded(text: str) -> dict[str, Fault]:
    """Return the faults from `dumped`."""
    return {key: Fault(**fields) for key, fields in json.loads(text).items()}
