"""Operations that want a setting which is missing: what becomes of their runs, by every door, and who says so."""

import json
import re
from contextlib import suppress
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from celery import chain
from celery.exceptions import Ignore
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from tests.integration.messages import received, task, worked_off
from tests.integration.operations.factories import COMMITTED_BY_PEOPLE
from tests.warm import ROOT
from upkeep.operations import runner, submission
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.errors import NotConfiguredError, OperationError
from upkeep.operations.models import Run
from upkeep.operations.params import Params
from upkeep.operations.readiness import unconfigured
from upkeep.operations.states import Status
from upkeep.worker import receipt

pytestmark = [COMMITTED_BY_PEOPLE, pytest.mark.usefixtures("broker")]
NAME = "testing.ask_supplier"
MISSING = "set SUPPLIER to the supplier's address"


class AskSupplier(Params):
    offline: bool = False
    """Ask nobody."""


def check_supplier(params: AskSupplier) -> None:
    supplier = getattr(settings, "SUPPLIER", "")
    if isinstance(supplier, Exception):
        raise supplier
    if not params.offline and not supplier:
        raise ImproperlyConfigured(MISSING)


@operation(NAME, configured=check_supplier)
def ask_supplier(params: AskSupplier, run: RunContext) -> None:
    """Ask the supplier."""


@operation("testing.drop_supplier", configured=check_supplier, confirm="yes")
def drop_supplier(params: AskSupplier, run: RunContext) -> None:
    """Tell the supplier that it is over."""


@pytest.fixture(autouse=True)
def _not_configured() -> Any:
    with override_settings(SUPPLIER=""):
        yield


def command(*arguments: str) -> None:
    call_command("run_task", *arguments, stdout=StringIO(), stderr=StringIO())


def only() -> tuple[str, str]:
    """How the only run ended, and why."""
    run = Run.objects.get()
    return run.status, run.error


def fired(name: str, **kwargs: Any) -> None:
    """What a worker does with a message of Beat's."""
    task_id = str(uuid4())
    received(name, task_id, kwargs, receipt.fired_by("Every night", task_id))


def test_an_entry_of_beat_leaves_a_skipped_run_and_no_failed_one() -> None:
    with pytest.raises(Ignore):
        fired(NAME)
    assert only() == ("skipped", f"not_configured: {MISSING}")


@pytest.mark.parametrize("kwargs", [{}, {"dry_run": True}])
def test_what_another_sent_fails_and_says_what_to_set(kwargs: dict[str, Any]) -> None:
    with pytest.raises(NotConfiguredError, match=f"ask_supplier is not configured: {MISSING}"):
        received(NAME, str(uuid4()), kwargs)
    assert only() == ("failed", f"not_configured: {MISSING}")


def test_what_wants_no_setting_runs() -> None:
    fired(NAME, offline=True)
    assert only() == ("succeeded", "")


@pytest.mark.parametrize("name", ["ask_supplier", "drop_supplier"])
@pytest.mark.parametrize("how", [[], ["--dry-run"]])
def test_by_hand_one_is_told_at_once_and_nothing_is_asked_or_recorded(name: str, how: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        command(name, "--sync", *how)
    assert (refused.value.returncode, str(refused.value)) == (1, f"{name} is not configured: {MISSING}")
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)  # with all apps
def test_who_waits_for_a_worker_that_lacks_the_setting_is_told_what_to_set(broker: str) -> None:
    command("ask_supplier", "--enqueue")
    worked_off(broker)
    assert only() == ("failed", f"not_configured: {MISSING}")
    with pytest.raises(OperationError, match="refused before it began"):
        submission.requeue(Run.objects.get().pk, queue="default")


def test_a_run_that_has_begun_fails_wherever_it_is_resumed_and_can_be_resumed_again() -> None:
    run = submission.record(ask_supplier, AskSupplier(), status="failed", attempt=1)
    submission.requeue(run.pk, queue="")
    with pytest.raises(NotConfiguredError):
        runner.resume(run.pk)
    assert only() == ("failed", f"not_configured: {MISSING}")
    submission.requeue(run.pk, queue="")
    with override_settings(SUPPLIER="here"):
        assert runner.resume(run.pk).status is Status.SUCCEEDED


def test_a_chain_ends_there(broker: str) -> None:
    first = task(NAME).si()
    chain(first, task("testing.add_one").si()).apply_async()
    worked_off(broker)
    runs = Run.objects.order_by("created_at")
    assert [run.status for run in runs] == ["failed", "cancelled"]


@pytest.mark.parametrize(
    ("error", "text"), [(KeyError("SUPPLIER"), "not_configured: KeyError: 'SUPPLIER'"), (OSError("no"), "no")]
)
def test_a_function_that_fails_itself_fails_the_run(error: Exception, text: str) -> None:
    with override_settings(SUPPLIER=error), pytest.raises((OperationError, OSError)):
        received(NAME, str(uuid4()), {})
    assert only() == ("failed", text)


def found_by_doctor() -> list[dict[str, str]]:
    """What it says of settings that operations lack."""
    out = StringIO()
    with suppress(CommandError):  # because of something else
        call_command("doctor", "--json", stdout=out, stderr=StringIO())
    return [found for found in json.loads(out.getvalue())["problems"] if found["id"] == "upkeep_operations.I001"]


@pytest.mark.django_db(transaction=True)  # with all apps
def test_doctor_and_admin_say_it_once_until_a_run_has_begun() -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("anna", is_staff=True, is_superuser=True))
    [found] = [found for found in found_by_doctor() if NAME in found["message"]]
    assert (found["level"], found["message"]) == ("note", f"{NAME}, testing.drop_supplier: {MISSING}.")
    page = client.get("/admin/upkeep_operations/run/").content.decode()
    assert page.count("set SUPPLIER") == 1
    with override_settings(SUPPLIER="here"):  # as it is on the workers
        received(NAME, str(uuid4()), {})
        assert not [found for found in found_by_doctor() if "SUPPLIER" in found["message"]]
    assert not [found for found in found_by_doctor() if NAME in found["message"]]
    assert f"Not configured: {NAME}" not in client.get("/admin/upkeep_operations/run/").content.decode()


def test_operations_that_lack_the_same_are_named_together(settings: Any) -> None:
    settings.TMDB_API_KEY = settings.YTS_API_URL = " "
    found = {text.partition(" ")[0]: names for text, names in unconfigured().items()}
    assert found["TMDB_API_KEY"] == ["collection.populate_imdb_ids", "collection.refresh_missing_details"]
    assert found["YTS_API_URL"] == ["collection.refresh_torrent_data"]
    settings.TMDB_API_KEY = settings.YTS_API_URL = settings.REPORT_USERNAME = settings.REPORT_PASSWORD = "here"
    assert {*unconfigured()} == {MISSING}


def test_the_web_service_of_compose_is_given_what_its_admin_says_is_missing(settings: Any) -> None:
    settings.TMDB_API_KEY = settings.YTS_API_URL = settings.REPORT_USERNAME = settings.REPORT_PASSWORD = ""
    missing = set(re.findall("[A-Z]+_[A-Z_]+", " ".join(unconfigured())))
    assert {"TMDB_API_KEY", "YTS_API_URL", "REPORT_USERNAME", "REPORT_PASSWORD"} <= missing
    assert missing <= set((ROOT / "ops" / "docker" / "env" / "web.env").read_text().split())


def test_a_fresh_deployment_has_no_failed_run_after_its_first_night(settings: Any) -> None:
    settings.TMDB_API_KEY = settings.YTS_API_URL = ""
    for name in ("populate_imdb_ids", "refresh_missing_details", "refresh_torrent_data"):
        with pytest.raises(Ignore):
            fired(f"collection.{name}")
    assert {run.status for run in Run.objects.all()} == {"skipped"}
