"""What only RabbitMQ does."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from amqp.exceptions import NotFound, PreconditionFailed
from kombu import Connection
from pytest_celery import CeleryTestSetup

from tests import warm
from tests.acceptance.films import copies, shelf
from tests.acceptance.polling import until
from tests.acceptance.rabbitmq import PASSWORD, RabbitProcess
from tests.acceptance.runs import INCREMENT, ended, sent

pytestmark = pytest.mark.only_on("rabbitmq", reason="about RabbitMQ's queues and channels")
CLOSED = "delivery acknowledgement on channel 1 timed out"


@pytest.fixture(scope="module")
def impatient(celery_setup: CeleryTestSetup) -> Iterator[RabbitProcess]:
    """The broker, which waits two seconds for an acknowledgement, instead of half an hour."""
    broker = celery_setup.broker.container
    broker.set(consumer_timeout=2000, channel_tick_interval=500)
    celery_setup.worker.restart()
    yield broker
    broker.set(consumer_timeout=1_800_000, channel_tick_interval=60_000)
    celery_setup.worker.restart()


def declare(setup: CeleryTestSetup, name: str, **options: object) -> None:
    with Connection(setup.broker.config()["host_url"]) as connection:
        connection.channel().queue_declare(name, durable=True, auto_delete=False, **options)


def test_every_operations_queue_is_a_quorum_queue(setup: CeleryTestSetup) -> None:
    for name in ("default", "connectors"):
        declare(setup, name, arguments={"x-queue-type": "quorum"})
        with pytest.raises(PreconditionFailed, match="inequivalent arg 'x-queue-type'"):
            declare(setup, name)


def test_no_queues_for_delayed_messages_are_made(setup: CeleryTestSetup) -> None:
    with pytest.raises(NotFound):
        declare(setup, "celery_delayed_0", passive=True)


def test_a_refused_login_leaves_the_run_for_others_to_send_and_tells_no_password(
    setup: CeleryTestSetup, environment: dict[str, str]
) -> None:
    url = setup.broker.config()["url"].replace(quote(PASSWORD, safe=""), "under-the-wire")
    wrong = environment | {"CELERY_BROKER_URL": url}
    done = warm.run(["manage.py", "increment_rows", "--enqueue"], wrong)
    assert f"The broker cannot be reached: run {done.stdout.strip()} stays queued until it is back." in done.stderr
    assert "under-the-wire" not in done.stderr
    assert ended(done.stdout.strip()).status == "succeeded"


def test_a_run_may_take_longer_than_rabbitmq_waits_for_an_acknowledgement(
    setup: CeleryTestSetup, impatient: RabbitProcess
) -> None:
    shelf(10)
    before = len(impatient.logs())
    run = ended(sent(setup.app, INCREMENT, rows=1, pause=0.5))
    assert (run.status, run.attempt, copies()) == ("succeeded", 1, {2: 10})
    assert CLOSED not in impatient.logs()[before:]


def test_a_worker_outlives_a_channel_that_is_closed_over_the_messages_that_wait_in_it(
    setup: CeleryTestSetup, impatient: RabbitProcess
) -> None:
    shelf(10)
    before = len(impatient.logs())
    runs = [sent(setup.app, INCREMENT, rows=1, pause=0.5) for _ in range(4)]
    until(lambda: CLOSED in impatient.logs()[before:], why="RabbitMQ waits and waits")
    assert [(run.status, run.attempt) for run in map(ended, runs)] == [("succeeded", 1)] * 4
    assert copies() == {5: 10}
    assert setup.worker.container.status == "running"
