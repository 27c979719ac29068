"""What an answer means."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic_core import from_json

from upkeep.remote import address
from upkeep.remote.errors import (
    RemoteError,
    RemoteGoneError,
    RemoteRejectedError,
    RemoteResponseError,
    RemoteUnavailableError,
)
from upkeep.remote.retries import REPEATABLE, TransientError, postponed, seconds_wanted


@dataclass(frozen=True, slots=True)
class Reply:
    """What a system said when all went well."""

    content: Any
    """The JSON, of any type."""
    headers: httpx2.Headers
    keep: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """Keeps the answer for the next download, where answers are kept."""


Outcome = Reply | RemoteError | None
"""Of one request: the reply, None for "not found", or what went wrong with this one."""

BOM = b"\xef\xbb\xbf"
STARTS_OF_JSON = (b"", b"{", b"[")
"""Or of nothing. Programs in PHP send JSON as text/html unless they say otherwise."""

PAUSE_WHEN_TOO_FAST = 1.0
"""Seconds after a 429 that names none: hosts count requests a second."""

HALF_CHARACTER = re.compile(
    rb"(?P<other>\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}",
    re.DOTALL,
)
"""In JSON, an escaped surrogate that is alone, as a text has it that was cut in the middle of a character: UTF-8 cannot
say it. Other escapes are matched on the way, so that none begins in their middle."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, read to its end."""

    service: str
    status: int
    headers: httpx2.Headers
    body: bytes
    is_kept: bool = False
    """It was downloaded earlier, and the system said that it still holds."""

    @property
    def is_html(self) -> bool:
        """Whether this was written for a browser, whatever it calls itself."""
        start = self.body.removeprefix(BOM).lstrip()[:1]
        return start == b"<" or (start not in STARTS_OF_JSON and "html" in self.headers.get("content-type", ""))


def outcome(answer: Answer, *, credentials: str) -> Outcome:
    """Return what the answer means for its request.

    `credentials` names what was sent to be let in, for a message; empty when nothing was. Raises `TransientError` when
    another attempt is worth it, and `RemoteRejectedError` when the credentials are refused: others have the same.
    """
    if answer.status in REPEATABLE:
        return postponed(f"{answer.service} answered {answer.status}", wait=_wait(answer))
    if httpx2.codes.is_redirect(answer.status):
        return _redirect(answer)
    if answer.is_html and answer.status != httpx2.codes.UNAUTHORIZED:
        # Before the status is believed: a wrong address answers 404 to everything, a login page 403.
        return RemoteUnavailableError(
            f"{answer.service} answered with HTML, not JSON: wrong address or a maintenance page"
        )
    return _content(answer) if httpx2.codes.is_success(answer.status) else _refusal(answer, credentials)


def _wait(answer: Answer) -> float:
    wanted = seconds_wanted(answer.headers.get("retry-after", ""))
    return wanted or (PAUSE_WHEN_TOO_FAST if answer.status == httpx2.codes.TOO_MANY_REQUESTS else 0.0)


def _redirect(answer: Answer) -> RemoteError:
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
        place = address.shortened(host) if host else "the same host"
    except ValueError:
        place = "a malformed address"
    return RemoteResponseError(
        f"{answer.service} answered {answer.status}, a redirect to {place}, which is not followed: check the address"
    )


def _refusal(answer: Answer, credentials: str) -> Outcome:
    service, status = answer.service, answer.status
    if status == httpx2.codes.NOT_FOUND:
        return None
    if credentials and status in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
        raise RemoteRejectedError(f"{service} refused {credentials} ({status}): check that it is the right one")
    if status == httpx2.codes.GONE:
        return RemoteGoneError(f"{service} refused the request ({status})")
    if httpx2.codes.is_client_error(status):
        return RemoteRejectedError(f"{service} refused the request ({status})")
    return RemoteUnavailableError(f"{service} answered {status}: try again later")


def _content(answer: Answer) -> Outcome:
    try:
        content = _json(answer.body.removeprefix(BOM))
    except ValueError as error:
        if str(error).startswith("EOF"):
            raise TransientError(f"{answer.service} stopped in the middle of its answer: try again later") from error
        return RemoteResponseError(f"{answer.service} answered with something that is not JSON")
    return Reply(content, answer.headers)


def _json(body: bytes) -> Any:
    """Return what the JSON says, halves of a character replaced by U+FFFD. Raises ValueError when it is not one."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        whole = HALF_CHARACTER.sub(lambda escape: escape["other"] or rb"\ufffd", body)
        return from_json(whole, allow_inf_nan=False)
