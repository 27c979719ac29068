"""Who guesses Flower's login, and what its API offers."""

import os
import subprocess
import sys

from django.conf import settings

from backend.config.guesses import Guesses

LIMIT, COOL_OFF = settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME.total_seconds()


def test_after_too_many_wrong_logins_one_has_to_wait_until_they_are_forgotten() -> None:
    now = [1000.0]
    guesses = Guesses(clock=lambda: now[0])
    for number in range(LIMIT):
        assert not guesses.has_to_wait("here"), number
        guesses.note("here")
    assert guesses.has_to_wait("here")
    assert not guesses.has_to_wait("elsewhere")
    now[0] += COOL_OFF
    assert not guesses.has_to_wait("here")
    guesses.note("here")
    assert not guesses.has_to_wait("here")


def test_only_so_many_who_guess_are_remembered() -> None:
    guesses = Guesses()
    for number in range(Guesses.MAX_REMEMBERED + 5):
        guesses.note(number)
    assert len(guesses._wrong) == Guesses.MAX_REMEMBERED


def test_messages_of_any_name_are_sent_only_where_that_is_allowed() -> None:
    """In a process of its own, since Flower's table of pages is changed."""
    look = "from backend.config import flower; flower.secure(); print('send-task' in repr(flower.urls.handlers))"
    for allowed, told in (("", "False"), ("send-task", "True")):
        environment = os.environ | {"FLOWER_CONTROL": allowed}
        ended = subprocess.run(
            [sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True
        )
        assert ended.stdout.strip() == told
