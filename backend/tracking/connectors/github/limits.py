"""How GitHub says that it was asked too much.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: an answer of 403 may be a limit or a
refusal, which the headers tell apart.
"""

from datetime import UTC, datetime

from pydantic import ValidationError

from backend.tracking.connectors.github.answer import Refusal
from upkeep.remote.answers import Answer
from upkeep.remote.retries import postponed, seconds_wanted

LIMITS = {403, 429}

SECONDARY_PAUSE = 60.0
"""Seconds to wait for when a limit is reported without any: "at least one minute"."""


def assess(answer: Answer) -> None:
    """Raise what an answer means that GitHub words in its own way.

    Raises TransientError for a limit that is gone in a while; RemoteUnavailableError for one that takes longer.
    """
    wait = _wait(answer) if answer.status in LIMITS else None
    if wait is not None:
        raise postponed(f"{answer.service} allows no more requests for now", wait=wait)


def _wait(answer: Answer) -> float | None:
    """Return the seconds until the limit is gone; None when this is no limit."""
    headers = answer.headers
    if "retry-after" in headers:
        return seconds_wanted(headers["retry-after"])
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        # As a float, a number of any length is one.
        return max(float(reset) - datetime.now(UTC).timestamp(), 0.0) + 1
    is_limit = answer.status == 429 or "rate limit" in _message(answer).lower()  # noqa: PLR2004 - Too Many Requests
    return SECONDARY_PAUSE if is_limit else None


def _message(answer: Answer) -> str:
    try:
        return Refusal.model_validate_json(answer.body).message
    except ValidationError:
        return ""
