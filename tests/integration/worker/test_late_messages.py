from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import Ignore
from celery.worker import state
from celery.worker.control import revoke
from django.utils import timezone
from kombu import Connection

from backend.config.celery import app
from tests.integration.messages import messages, received
from tests.integration.operations.factories import COMMITTED
from tests.integration.operations.test_exclusion import do_nothing
from tests.integration.operations.test_splitting import divided
from tests.operations.scripted import claimed, recorded, reread
from upkeep.operations.errors import HandOver
from upkeep.operations.models import Run
from upkeep.worker.request import RunRequest

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]


def request(broker: str, run: Run, **headers: Any) -> RunRequest:
    """Its message, as a worker has it."""
    messages(broker)
    app.tasks[run.operation].send(run)
    with Connection(broker) as connection:
        message = connection.SimpleQueue(run.queue).get_nowait()
    message.headers.update(headers)
    return RunRequest(message, app=app, task=app.tasks[run.operation], on_ack=lambda *_: None, eventer=None)


def test_a_run_that_was_handed_over_does_not_expire_any_more(broker: str) -> None:
    def body(_run: Any) -> None:
        raise HandOver

    run = recorded(body, expires_at=timezone.now() + timedelta(minutes=1))
    messages(broker)
    with pytest.raises(Ignore):
        received(run.operation, str(run.pk), {})
    [(headers, _)] = messages(broker)
    assert (reread(run).status, headers["expires"]) == ("queued", None)


def test_a_message_that_expired_after_its_run_had_begun_is_dropped(broker: str) -> None:
    run = recorded(do_nothing, attempt=1)
    late = request(broker, run, expires=(timezone.now() - timedelta(minutes=1)).isoformat())
    assert late.revoked()
    assert reread(run).status == "queued"


def test_a_second_message_of_a_run_that_was_revoked_and_resumed_does_not_cancel_it(broker: str) -> None:
    run = claimed(do_nothing)
    state.revoked.add(str(run.pk))
    request(broker, run).revoked()
    assert reread(run).cancel_at is None


@pytest.mark.parametrize("terminate", [False, True])
def test_a_run_that_waits_for_its_parts_is_cancelled_when_it_is_revoked(*, terminate: bool) -> None:
    run = divided()
    revoke(SimpleNamespace(app=app, consumer=None), str(run.pk), terminate=terminate)
    run = reread(run)
    assert (run.status, {part.status for part in run.parts.all()}) == ("cancelled", {"cancelled"})
