"""Which failures of one request are worth another attempt, and when."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from upkeep.remote.errors import RemoteUnavailableError

logger = logging.getLogger(__name__)

REPEATABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
"""The statuses that may be gone in a moment."""

LONGEST_PAUSE = 60.0
"""Seconds; a host that wants more gets its failure recorded, and is asked again by a later run."""

LONGEST_WAIT = 366 * 24 * 3600.0
"""Seconds; whatever says more is nonsense, and dates have an end."""


class TransientError(RemoteUnavailableError):
    """One attempt failed in a way that the next may not."""

    def __init__(self, message: str, *, pause: float = 0.0) -> None:
        super().__init__(message)
        self.pause = pause
        """For how many seconds nobody should send anything."""


def postponed(problem: str, *, wait: float) -> RemoteUnavailableError:
    """Return the failure of a request that may be sent again in this many seconds, which says when that is.

    Raises TransientError instead when such a long pause is granted. `problem` begins the message of both.
    """
    if wait <= LONGEST_PAUSE:
        raise TransientError(f"{problem}: try again later", pause=wait)
    until = datetime.now(UTC) + timedelta(seconds=min(wait, LONGEST_WAIT))
    return RemoteUnavailableError(f"{problem}: try again after {until:%Y-%m-%d %H:%M} UTC")


def seconds_wanted(retry_after: str) -> float:
    """Return the seconds that a `Retry-After` asks for (RFC 9110, 10.2.3): a number or a date; 0 for nonsense."""
    try:
        wanted = float(retry_after) if retry_after.strip().isdecimal() else _seconds_until(retry_after)
    except (ValueError, OverflowError):
        return 0.0
    return max(wanted, 0.0)


def _seconds_until(http_date: str) -> float:
    date = parsedate_to_datetime(http_date)
    # A date without a zone is in UTC: RFC 9110 knows no other.
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()


def _log(details: RetryDetails) -> None:
    logger.debug("%s: attempt %d in %.1f s", details.caused_by, details.retry_num + 1, details.wait_for)


# stamina's own hooks write a bare "stamina.retry_scheduled" as a warning into the terminal of whoever runs a command.
set_on_retry_hooks([_log])

retrying = stamina.AsyncRetryingCaller(attempts=4, timeout=None, wait_initial=0.5, wait_max=10, wait_jitter=1).on(
    TransientError
)
"""`await retrying(function, …)`: 4 attempts, about 0.5, 1 and 2 s apart and up to a second more."""
