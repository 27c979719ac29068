"""Whoever guesses Flower's login has to wait, as django-axes has it for the admin."""

import base64
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from django.conf import settings
from tornado.web import HTTPError

from backend.config.headers import address_said


class Guesses:
    """Wrong logins by who sends them, as long as django-axes counts those of the admin; the oldest are forgotten."""

    MAX_REMEMBERED = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[object, tuple[int, float]] = OrderedDict()

    def note(self, sender: object) -> None:
        """Count one more."""
        number, _ = self._wrong.pop(sender, (0, 0.0)) if self._is_remembered(sender) else (0, 0.0)
        self._wrong[sender] = (number + 1, self._clock())
        if len(self._wrong) > self.MAX_REMEMBERED:
            self._wrong.popitem(last=False)

    def has_to_wait(self, sender: object) -> bool:
        """Whether there were too many lately."""
        return self._is_remembered(sender) and self._wrong[sender][0] >= settings.AXES_FAILURE_LIMIT

    def _is_remembered(self, sender: object) -> bool:
        _, last = self._wrong.get(sender, (0, float("-inf")))
        return self._clock() < last + settings.AXES_COOLOFF_TIME.total_seconds()


def guarded(get_current_user: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Flower's own check of the login, except for whoever guesses."""
    guesses = Guesses()

    def look(handler: Any) -> Any:
        sent = handler.request.headers.get("Authorization", "")
        sender = (address_said(handler.request.headers) or handler.request.remote_ip, username(sent))
        if guesses.has_to_wait(sender):
            raise HTTPError(429, "Too many wrong logins: try again later")
        try:
            return get_current_user(handler)
        except HTTPError as error:
            if error.status_code == 401 and sent:  # noqa: PLR2004 - unauthorized
                guesses.note(sender)
            raise

    return look


def username(authorization: str) -> str:
    """The name in a header of basic authentication, as Flower reads it; empty when it has none."""
    try:
        _, credentials = authorization.split()
        return base64.b64decode(credentials.encode()).decode().partition(":")[0]
    except ValueError:
        return ""
