"""Who guesses Flower's login, what its API offers, and who is recorded as starting a run there."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.conf import settings
from pytest_django import Settings
from tornado.web import HTTPError

from backend.config import flower
from backend.config.guesses import Guesses, guarded
from upkeep.worker import receipt

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


def test_who_guesses_through_a_proxy_locks_nobody_else_out(settings: Settings) -> None:
    def refuse(_handler: object) -> None:
        raise HTTPError(401)

    def status(address: str) -> int:
        headers = {"Authorization": "Basic YW5uOng=", "X-Real-IP": address}
        request = SimpleNamespace(headers=headers, remote_ip="192.0.2.1")
        with pytest.raises(HTTPError) as refused:
            look(SimpleNamespace(request=request))
        return refused.value.status_code

    settings.CLIENT_ADDRESS_HEADER = "X-Real-IP"
    look = guarded(refuse)
    assert [status("203.0.113.9") for _ in range(LIMIT + 1)] == [*[401] * LIMIT, 429]
    assert status("198.51.100.7") == 401


def test_messages_of_any_name_are_sent_only_where_that_is_allowed_and_sigterm_ends_its_loop() -> None:
    """In a process of its own, since Flower's table of pages is changed."""
    look = """
import django
django.setup()
from backend.config import flower
flower.secure()
loop = flower.IOLoop.instance()
loop.add_callback(flower.command.sigterm_handler, 15, None)
loop.start()
print('send-task' in repr(flower.urls.handlers))
"""
    for allowed, told in (("", "False"), ("send-task", "True")):
        environment = os.environ | {"FLOWER_CONTROL": allowed}
        ended = subprocess.run(
            [sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True
        )
        assert ended.stdout.strip() == told


@pytest.mark.parametrize(
    ("current_user", "basic_auth", "authorization", "origin"),
    [
        (True, ["ann:x:y"], "Basic YW5uOng6eQ==", "flower: ann"),
        (True, ["ann:x:y"], "Basic\tYW5uOng6eQ==", "flower: ann"),
        ("ann@example.com", None, "", "flower: ann@example.com"),
        ("ann@example.com", ["team:secret"], "Basic dGVhbTpzZWNyZXQ=", "flower: ann@example.com"),
        (True, None, "Basic YW5uOng6eQ==", "flower"),
    ],
    ids=["basic", "basic behind a tab", "OAuth", "both", "none asked for"],
)
def test_who_is_logged_in_is_who_started_it_whatever_the_request_claims(
    current_user: object, basic_auth: object, authorization: str, origin: str
) -> None:
    claimed = {"headers": {receipt.ORIGIN: "flower: boss", "other": 1}, "task_id": "5"}
    request = SimpleNamespace(headers={"Authorization": authorization})
    application = SimpleNamespace(options=SimpleNamespace(basic_auth=basic_auth))
    handler = SimpleNamespace(current_user=current_user, request=request, application=application)
    _, _, options = flower.attributed(lambda _: ([], {}, dict(claimed)))(handler)
    assert (receipt.origin_of(options["headers"], "5"), options["headers"]["other"]) == (origin, 1)
    _, _, options = flower.attributed(lambda _: ([], {}, {}))(handler)
    assert receipt.origin_of(options["headers"], options["task_id"]) == origin
