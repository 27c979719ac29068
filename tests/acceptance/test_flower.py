"""Flower's API: a login, and whatever is sent through it."""

import base64
import json
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from celery import Celery
from pytest_celery import CeleryTestSetup

from backend.collection.models import DVD
from tests.acceptance.films import certification, copies, shelf, shouting
from tests.acceptance.processes import FLOWER_LOGIN as LOGIN
from tests.acceptance.processes import OTHER_PASSWORD, REDIS_PASSWORD, CeleryProcess, free_port
from tests.acceptance.runs import CLEANUP, INCREMENT, NORMALIZE, REFRESH, committed, ended, sent, the_run
from tests.integration.collection.factories import poster
from upkeep.operations.models import Run

Post = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def flower(environment: dict[str, str], folder: Path) -> Iterator[str]:
    """The address of a Flower that wants a login."""
    port = free_port()
    options = (f"--port={port}", "--address=127.0.0.1")
    allowed = environment | {"FLOWER_CONTROL": "send-task"}
    process = CeleryProcess("flower", "flower", *options, env=allowed, folder=folder)
    process.ready_prompt = "Visit me at"
    with process.started():
        yield f"http://127.0.0.1:{port}"
    assert "Traceback" not in process.logs()


def get(url: str) -> str:
    """The page, for who has the login."""
    with build_opener(ProxyHandler({})).open(Request(url, headers=authorization(LOGIN)), timeout=20) as answer:  # noqa: S310 - our own server
        text: str = answer.read().decode()
        return text


def authorization(login: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}


@pytest.fixture
def post(setup: CeleryTestSetup, flower: str) -> Post:  # noqa: ARG001
    """Posts this JSON; gives the status and the answer."""

    def posted(path: str, body: object = None, *, login: str = LOGIN) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", **authorization(login)}
        request = Request(flower + path, json.dumps(body).encode(), headers, method="POST")  # noqa: S310 - our own server
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
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
    assert (status, run.status, run.origin, certification(film)) == (200, "succeeded", "flower: operator", "pg")


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
        {"headers": {"periodic_task_name": ["x"], "task": REFRESH, "upkeep_origin": "flower: somebody"}},
        {"headers": ["upkeep_origin"], "origin": "beat: nightly"},
        {"time_limit": 1, "ignore_result": True, "expiration": "0"},
        {"connection": "redis://203.0.113.1", "producer": "x", "add_to_parent": "x", "shadow": ["x"]},
        {"task_id": "x'; DROP TABLE upkeep_operations_run; --"},
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
    assert run.origin == "flower: operator"
    assert Run.objects.count() == 1
    assert "Traceback" not in setup.worker.logs()[before:]


@pytest.mark.parametrize("door", ["async-apply", "send-task", "apply"])
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"kwarg": {"confirm": "yes"}}, "unknown key 'kwarg' beside kwargs (did you mean 'kwargs'?)"),
        (
            {"kwargs": {"confirm": "yes"}, "dryrun": True},
            "unknown key 'dryrun' beside kwargs (did you",
        ),
        ({"kwargs": {"dry_run": False, "confirm": "yes"}, "dry_run": True}, "dry_run is given twice"),
        ({"kwargs": {"confirm": "yes"}, "min_age_hours": 5}, "a parameter belongs in kwargs"),
        ({"kwargs": {"confirm": "yes"}, "link": {"task": REFRESH}}, "link has no effect on an operation"),
        ({"kwargs": {"confirm": "yes"}, "chain": [1]}, "chain must be a list of signatures"),
        ({"kwargs": {"confirm": "yes"}, "priority": "high"}, "priority must be a number from 0 to 255, not 'high'"),
        ({"args": ["yes"], "kwargs": {"confirm": "yes"}}, "keyword arguments only"),
        ({"kwargs": {"confirm": "yes"}, "task": REFRESH}, "unknown key 'task'"),
        ({"kwargs": ["confirm"]}, "kwargs must be an object"),
    ],
)
def test_a_request_that_is_not_understood_is_a_failed_run_and_destroys_nothing(
    post: Post, folder: Path, door: str, said: dict[str, object], reason: str
) -> None:
    file = poster(folder / "media", "unused.jpg")
    status, answer = post(f"/api/task/{door}/{CLEANUP}", said)
    run = the_run(operation=CLEANUP)
    assert (status, answer["task-id"], run.status, run.attempt) == (200, str(run.pk), "failed", 0)
    assert reason in run.error
    assert (file.exists(), Run.objects.count()) == (True, 1)
    file.unlink()


@pytest.mark.parametrize("door", ["async-apply", "send-task", "apply"])
def test_how_to_run_is_understood_beside_the_kwargs(post: Post, folder: Path, door: str) -> None:
    file = poster(folder / "media", "unused.jpg")
    DVD.objects.create(name="Alien", poster="posters/alien.jpg")  # without any, it would stop
    post(f"/api/task/{door}/{CLEANUP}", {"kwargs": {"min_age_hours": 0}, "dry_run": True})
    preview = the_run(operation=CLEANUP)
    assert (preview.status, preview.dry_run, file.exists()) == ("succeeded", True, True)
    assert preview.origin == "flower: operator"
    post(f"/api/task/{door}/{CLEANUP}", {"confirm": "yes", "priority": 3})
    run, refused = the_run(operation=CLEANUP, dry_run=False), door == "send-task"  # which sends a message past us
    assert (run.status, file.exists()) == (("failed", True) if refused else ("succeeded", False))
    file.unlink(missing_ok=True)


@pytest.mark.parametrize("door", ["async-apply", "send-task", "apply"])
def test_a_body_that_is_not_an_object_starts_nothing(post: Post, door: str) -> None:
    assert post(f"/api/task/{door}/{NORMALIZE}", [1])[0] == 400
    assert not Run.objects.exists()


@pytest.mark.only_on("redis", reason="RabbitMQ carries no property that AMQP does not know")
def test_a_key_that_only_the_message_carries_is_not_dropped(setup: CeleryTestSetup) -> None:
    film = shouting()
    stranger = Celery("stranger", broker=setup.app.conf.broker_url)
    stranger.send_task(NORMALIZE, kwargs={}, dry_run=True, argsrepr="-", queue="default")
    assert the_run(operation=NORMALIZE).dry_run
    refused = ended(stranger.send_task(NORMALIZE, kwargs={}, dryrun=True, queue="default").id)
    assert (refused.status, certification(film)) == ("failed", " PG ")
    assert "unknown key 'dryrun'" in refused.error


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
    shelf(1000)
    run_id = sent(setup.app, INCREMENT, rows=1, pause=0.2)
    committed(run_id)
    status, _ = post(f"/api/task/abort/{run_id}")
    run = ended(run_id)
    assert (status, run.status, copies()[2]) == (200, "cancelled", run.counts["updated"])


def test_no_secret_is_shown_to_those_who_ask_the_worker(
    flower: str, setup: CeleryTestSetup, environment: dict[str, str]
) -> None:
    inspect = setup.app.control.inspect(timeout=5)
    answers = [inspect.conf(with_defaults=True), inspect.report(), inspect.stats()]
    assert all(answers)
    (worker,) = answers[0]
    pages = ("api/workers?refresh=1", f"worker/{worker}", "workers", "broker", "tasks", "metrics")
    shown = [repr(answers), *(get(f"{flower}/{page}") for page in pages)]
    assert "broker_url" in shown[1]
    assert worker in shown[2]
    names = ("SECRET_KEY", "FERNET_KEYS", "TMDB_API_KEY", "FLOWER_BASIC_AUTH", "REPORT_PASSWORD", "TRACKER_TOKEN")
    secrets = {*(environment[name] for name in names), OTHER_PASSWORD, REDIS_PASSWORD}
    forms = {form for secret in secrets for form in (secret, quote(secret), quote(secret, safe=""), repr(secret)[1:-1])}
    assert not [(form, text) for text in map(unescape, shown) for form in forms if form in text]


def test_who_guesses_the_login_has_to_wait_and_nobody_else_has(post: Post) -> None:
    path = f"/api/task/async-apply/{NORMALIZE}"
    found = [post(path, {}, login=f"guesser:{number}")[0] for number in range(7)]
    assert found == [401, 401, 401, 401, 401, 429, 429]
    assert post(path, {"kwargs": {"dry_run": True}})[0] == 200
    assert the_run(operation=NORMALIZE).status == "succeeded"
