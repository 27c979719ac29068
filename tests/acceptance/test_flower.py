"""Flower's API: a login, and whatever is sent through it."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from pytest_celery import CeleryTestSetup

from backend.operations.models import Run
from tests.acceptance.films import certification, copies, shelf, shouting
from tests.acceptance.processes import CeleryProcess, free_port
from tests.acceptance.runs import INCREMENT, NORMALIZE, REFRESH, committed, ended, sent, the_run

LOGIN = "operator:over-the-wall"
Post = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def flower(environment: dict[str, str], folder: Path) -> Iterator[str]:
    """The address of a Flower that wants a login."""
    port = free_port()
    options = (f"--port={port}", "--address=127.0.0.1", f"--basic-auth={LOGIN}")
    process = CeleryProcess("flower", "flower", *options, env=environment, folder=folder)
    process.ready_prompt = "Visit me at"
    process.start()
    process.ready()
    yield f"http://127.0.0.1:{port}"
    process.teardown()
    assert "Traceback" not in process.logs()


@pytest.fixture
def post(setup: CeleryTestSetup, flower: str) -> Post:  # noqa: ARG001
    """Posts this JSON; gives the status and the answer."""

    def posted(path: str, body: object = None, *, login: str = LOGIN) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        if login:
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        request = Request(flower + path, json.dumps(body).encode(), headers, method="POST")  # noqa: S310 - our own server
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return posted


@pytest.mark.parametrize("login", ["", "operator:wrong", "nobody:over-the-wall"])
def test_nothing_is_started_without_the_login(post: Post, login: str) -> None:
    status, _ = post(f"/api/task/async-apply/{NORMALIZE}", {"kwargs": {}}, login=login)
    assert (status, Run.objects.count()) == (401, 0)


def test_a_task_becomes_a_recorded_run_that_the_worker_carries_out(post: Post) -> None:
    film = shouting()
    status, answer = post(f"/api/task/async-apply/{NORMALIZE}", {"kwargs": {}})
    run = ended(answer["task-id"])
    assert (status, run.status, run.origin, certification(film)) == (200, "succeeded", "message", "pg")


@pytest.mark.parametrize(
    ("kwargs", "reason"), [({"limit": "all"}, "limit should be a valid integer"), (["limit"], "must be an object")]
)
def test_kwargs_that_do_not_fit_are_a_failed_run_with_the_reason(post: Post, kwargs: object, reason: str) -> None:
    status, _ = post(f"/api/task/async-apply/{REFRESH}", {"kwargs": kwargs})
    assert status < 500
    run = the_run(operation=REFRESH)
    assert (run.status, run.attempt) == ("failed", 0)
    assert reason in run.error


def test_an_unknown_task_is_not_found(post: Post) -> None:
    status, _ = post("/api/task/async-apply/collection.format_disks", {"kwargs": {}})
    assert (status, Run.objects.count()) == (404, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"queue": "nobody-listens"},
        {"routing_key": "nobody-listens", "exchange": "nowhere"},
        {"serializer": "pickle"},
        {"link": {"task": REFRESH, "args": [], "kwargs": {}, "options": {}}, "link_error": "x", "chain": [1]},
        {"headers": {"periodic_task_name": ["x"], "task": REFRESH}, "task": REFRESH},
        {"countdown": -5, "priority": "high", "expires": -1},
        {"connection": "redis://203.0.113.1", "producer": "x", "add_to_parent": "x", "shadow": ["x"]},
        {"task_id": "x'; DROP TABLE operations_run; --"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_hostile_options_change_nothing_about_the_run(
    post: Post, setup: CeleryTestSetup, options: dict[str, object]
) -> None:
    film, before = shouting(), len(setup.worker.logs())
    status, _ = post(f"/api/task/async-apply/{NORMALIZE}", {"kwargs": {}, **options})
    assert status < 500
    run = the_run(operation=NORMALIZE)
    assert (run.status, run.queue, certification(film)) == ("succeeded", "default", "pg")
    assert Run.objects.count() == 1
    assert "Traceback" not in setup.worker.logs()[before:]


def test_pickled_code_is_refused_by_the_worker(post: Post, setup: CeleryTestSetup) -> None:
    film = shouting()
    post(f"/api/task/send-task/{NORMALIZE}", {"kwargs": {}, "serializer": "pickle"})
    setup.worker.wait_for_log("Refusing to deserialize")
    assert (Run.objects.count(), certification(film)) == (0, " PG ")
    assert ended(sent(setup.app, NORMALIZE)).status == "succeeded"


def test_the_id_of_another_run_is_not_taken(post: Post, setup: CeleryTestSetup) -> None:
    other = ended(sent(setup.app, REFRESH))
    film = shouting()
    status, answer = post(f"/api/task/async-apply/{NORMALIZE}", {"kwargs": {}, "task_id": str(other.pk)})
    assert status == 200
    assert answer["task-id"] != str(other.pk)
    assert (ended(answer["task-id"]).status, certification(film)) == ("succeeded", "pg")
    assert Run.objects.get(pk=other.pk).operation == REFRESH


def test_abort_cancels_a_running_run(post: Post, setup: CeleryTestSetup) -> None:
    shelf(100)
    run_id = sent(setup.app, INCREMENT, rows=1, pause=0.2)
    committed(run_id)
    status, _ = post(f"/api/task/abort/{run_id}")
    run = ended(run_id, 4)
    assert (status, run.status, copies()[2]) == (200, "cancelled", run.counts["updated"])
