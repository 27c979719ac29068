"""Beat's entries in the admin, as a web process shows them: one that has not loaded the Celery app."""

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from backend.config.celery import app
from tests.integration.worker.beats import HOUR, daily, entry, now
from upkeep.operations.models import Run
from upkeep.worker import timings
from upkeep.worker.beat import OnceEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_entries")]

DAY = timedelta(days=1)
URL = "/admin/django_celery_beat/periodictask/"


def due_in(task: PeriodicTask) -> timedelta:
    """How long until the entry is due, as a Beat that reads the schedule now sees it; negative: it fires at once."""
    timing = timings.notice(now())[task.pk]
    due = OnceEntry(PeriodicTask.objects.get(pk=task.pk), app=app, since=timing.since).due_at()
    assert due
    return due - now()


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("operator", password="x"))
    return client


def act(admin: Client, action: str, *tasks: PeriodicTask) -> Any:
    """Select these entries in the admin, and let it do that."""
    data = {"action": action, "_selected_action": [task.pk for task in tasks]}
    return admin.post(URL, data, follow=True)


@pytest.mark.parametrize("columns", [{"last_run_at": None}, {}])
@pytest.mark.parametrize("watched", [True, False])
def test_enabling_selected_entries_fires_nothing_at_once(admin: Client, columns: Any, *, watched: bool) -> None:
    task = entry(enabled=False, crontab=daily(now() - HOUR), **columns)
    PeriodicTask.objects.filter(pk=task.pk).update(date_changed=now() - 3 * DAY)
    if watched:
        timings.notice(now())
    assert "1 task was successfully enabled" in act(admin, "enable_tasks", task).content.decode()
    assert 22 * HOUR < due_in(task) <= 23 * HOUR


def test_enabling_an_entry_that_is_enabled_loses_no_missed_run(admin: Client) -> None:
    task = entry()
    act(admin, "enable_tasks", task)
    assert due_in(task) < timedelta(0)


@pytest.mark.parametrize("off", ["disable_tasks", "toggle_tasks"])
@pytest.mark.parametrize("on", ["enable_tasks", "toggle_tasks"])
def test_switching_off_and_on_fires_nothing_at_once_also_when_no_beat_saw_it(admin: Client, off: str, on: str) -> None:
    task = entry()
    act(admin, off, task)
    act(admin, on, task)
    assert PeriodicTask.objects.get(pk=task.pk).enabled
    assert timedelta(minutes=59) < due_in(task) <= HOUR


# ---- the project's tasks


def form(**fields: Any) -> dict[str, Any]:
    """What the form of a new entry is sent with."""
    crontab = CrontabSchedule.objects.create(hour="2")
    filled = {"name": "New", "regtask": "", "task": "", "enabled": "on", "crontab": crontab.pk}
    return {**filled, "args": "[]", "kwargs": "{}", "headers": "{}", **fields}


def test_the_registered_tasks_are_the_operations(admin: Client) -> None:
    page = admin.get(f"{URL}add/").content.decode()
    assert '<option value="testing.add_one">testing.add_one</option>' in page
    assert "celery.chord" not in page


@pytest.mark.parametrize("field", ["regtask", "task"])
def test_an_entry_of_an_operation_is_saved(admin: Client, field: str) -> None:
    admin.post(f"{URL}add/", form(**{field: "testing.add_one"}))
    assert PeriodicTask.objects.get(name="New").task == "testing.add_one"


@pytest.mark.parametrize(("name", "meant"), [("testing.ad_one", "testing.add_one"), ("nonsense", "")])
def test_a_misspelt_task_is_refused_with_what_may_be_meant(admin: Client, name: str, meant: str) -> None:
    page = admin.post(f"{URL}add/", form(task=name)).content.decode()
    assert f"This project has no task &#x27;{name}&#x27;." in page
    assert ("Did you mean" in page) == bool(meant)
    assert meant in page
    assert not PeriodicTask.objects.filter(name="New").exists()


def test_a_task_of_another_project_is_saved_with_its_queue(admin: Client) -> None:
    admin.post(f"{URL}add/", form(task="elsewhere.task", queue="elsewhere"))
    assert PeriodicTask.objects.get(name="New").queue == "elsewhere"


def test_an_entry_whose_operation_is_gone_can_be_switched_off(admin: Client) -> None:
    gone = entry(task="testing.gone", interval=None, crontab=CrontabSchedule.objects.create(hour="2"))
    fields = form(name=gone.name, task="testing.gone", crontab=gone.crontab.pk)
    del fields["enabled"]
    admin.post(f"{URL}{gone.pk}/change/", fields)
    gone.refresh_from_db()
    assert gone.enabled is False


def test_run_selected_tasks_enqueues_the_operation_for_the_user_and_says_which_run_it_is(admin: Client) -> None:
    page = act(admin, "run_tasks", entry(kwargs='{"limit": 3}')).content.decode()
    run = Run.objects.get()
    assert f"Hourly: run {run.pk} is queued" in page
    assert (run.operation, run.status, run.params["limit"]) == ("testing.add_one", "queued", 3)
    assert (run.origin, str(run.user)) == ("admin: Hourly", "operator")


def test_run_selected_tasks_says_of_each_entry_what_became_of_it(admin: Client) -> None:
    refused = entry("Refused", kwargs='{"limti": 3}')
    page = act(admin, "run_tasks", refused, entry("Gone", task="testing.gone"), entry("Good")).content.decode()
    runs = {run.origin: run for run in Run.objects.all()}
    assert f"Refused: run {runs['admin: Refused'].pk} was refused: unknown parameter" in page
    assert "Gone: nothing was started: this project has no task &#x27;testing.gone&#x27;" in page
    assert f"Good: run {runs['admin: Good'].pk} is queued" in page
    assert {str(run.user) for run in runs.values()} == {"operator"}


# ---- values


@pytest.mark.parametrize(
    ("task", "field", "value", "problem"),
    [
        ("testing.add_one", "kwargs", '{"limti": 3}', "unknown parameter &#x27;limti&#x27;"),
        ("testing.add_one", "kwargs", '{"limit": "many"}', "limit"),
        ("testing.add_one", "kwargs", '{"dry_run": "yes"}', "dry_run must be true or false"),
        ("testing.add_one", "kwargs", '{"partitions": 3}', "cannot be split"),
        ("testing.add_one", "kwargs", "[]", "This must be an object in JSON."),
        ("testing.add_one", "args", "[1]", "keyword arguments only"),
        ("testing.add_one", "headers", "[1]", "This must be an object in JSON."),
        ("celery.backend_cleanup", "args", "{}", "This must be a list in JSON."),
    ],
)
def test_values_with_which_an_entry_would_fail_are_refused_at_their_field(
    admin: Client, task: str, field: str, value: str, problem: str
) -> None:
    answer = admin.post(f"{URL}add/", form(task=task, **{field: value}))
    errors = (answer.context_data or {})["adminform"].errors
    assert set(errors) == {field}
    assert problem in str(errors[field])
    assert not PeriodicTask.objects.filter(name="New").exists()


def test_an_entry_whose_values_became_invalid_can_be_switched_off_but_not_on(admin: Client) -> None:
    old = entry(kwargs='{"limti": 3}', interval=None, crontab=CrontabSchedule.objects.create(hour="2"))
    fields = form(name=old.name, task=old.task, crontab=old.crontab.pk, kwargs=old.kwargs)
    off = {name: value for name, value in fields.items() if name != "enabled"}
    for sent in (off, fields):
        admin.post(f"{URL}{old.pk}/change/", sent)
        assert PeriodicTask.objects.get(pk=old.pk).enabled is False


def test_nobody_is_told_that_the_scheduler_is_the_wrong_one(admin: Client, settings: Any) -> None:
    del settings.CELERY_BEAT_SCHEDULER
    app.conf.update(beat_scheduler="upkeep.worker.beat:Scheduler")  # as `setup` does then
    page = admin.get(URL)
    assert page.status_code == 200
    assert (page.context_data or {})["wrong_scheduler"] is False


# ---- the app


@pytest.mark.parametrize("where", ["here()", "in_a_thread(here)"])
def test_a_process_that_never_imported_the_app_has_it_as_the_current_one(where: str) -> None:
    script = f"""
import json, sys, threading
import django
django.setup()
assert "backend.config.celery" not in sys.modules
from celery import current_app, shared_task
@shared_task(name="plain")
def plain(): pass
def here():
    print(json.dumps([current_app.main, plain.app.main, current_app.conf.task_default_queue]))
def in_a_thread(do):
    thread = threading.Thread(target=do); thread.start(); thread.join()
{where}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["upkeep", "upkeep", "default"]
