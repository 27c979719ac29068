"""How Toggl says that it was asked too much: https://engineering.toggl.com/docs (since September 2025).

"Payment required" means that the requests of this hour are used up, or that the plan lacks what was asked for.
"""

from math import ceil

import httpx2

from backend.tracking.connectors.wire import header_number
from upkeep.remote.answers import Answer
from upkeep.remote.errors import RemoteRejectedError, RemoteUnavailableError
from upkeep.remote.retries import LONGEST_PAUSE, TransientError

HOUR = 3600


def assess(answer: Answer) -> None:
    """Raise what a 402 means.

    Raises TransientError when the quota is back in a moment; RemoteUnavailableError when it takes longer; and
    RemoteRejectedError when it is about the plan.
    """
    if answer.status != httpx2.codes.PAYMENT_REQUIRED:
        return
    if answer.headers.get("x-toggl-quota-remaining", "").strip() != "0":
        raise RemoteRejectedError(f"{answer.service} does not offer this to the plan of this workspace (402)")
    # The quota is an hourly one.
    wait = HOUR if (seconds := header_number(answer.headers, "x-toggl-quota-resets-in")) is None else min(seconds, HOUR)
    message = f"{answer.service} allows no more requests in this hour"
    if wait > LONGEST_PAUSE:
        raise RemoteUnavailableError(f"{message}: try again in {ceil(wait / 60)} minutes")
    raise TransientError(f"{message}: try again in {wait} seconds", pause=wait + 1)
