"""Who started, resumed and stopped a run from the command line, and which code carried it out."""

import json
import os
import pwd
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from tests.integration.operations.factories import COMMITTED_BY_PEOPLE
from tests.operations.scripted import claimed_again, played, recorded, reread, scripted, stage
from upkeep.operations import submission
from upkeep.operations.context import RunContext
from upkeep.operations.errors import HandOver
from upkeep.operations.models import Run
from upkeep.operations.terminal import identity

pytestmark = COMMITTED_BY_PEOPLE
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture(autouse=True)
def _without_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)


@pytest.fixture
def anna() -> Any:
    return get_user_model().objects.create_user("anna", is_staff=True, is_superuser=True)


def nothing(_run: RunContext) -> None:
    """Do nothing."""


def shown(command: str, *arguments: str) -> str:
    """What the command prints on stdout."""
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def started(*arguments: str) -> Run:
    """The run of a command."""
    stage.body = nothing
    shown("run_task", "scripted", *arguments)
    return Run.objects.latest("created_at")


@pytest.mark.parametrize("where", ["--sync", "--enqueue"])
@pytest.mark.usefixtures("broker")
def test_a_command_records_the_system_s_user_and_with_as_the_product_s(anna: Any, where: str) -> None:
    run = started(where)
    assert (run.system_user, run.user) == (ME, None)
    run = started(where, "--as", "anna")
    assert (run.system_user, run.user) == (ME, anna)


def test_the_dry_run_before_a_question_is_by_the_same_user(anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upkeep.operations.streams.is_terminal", lambda _stream: True)
    monkeypatch.setattr("upkeep.operations.streams.answer", lambda: "all")
    shown("run_task", "remove_dvds", "--sync", "--as", "anna")
    assert [(run.dry_run, run.user) for run in Run.objects.order_by("created_at")] == [(True, anna), (False, anna)]


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize("command", ["run_task scripted --sync", "resume_run {}", "cancel_run {}"])
@pytest.mark.parametrize("name", ["nobody", "ANNA", "", "bert", "a\x00", "\udcff"])
def test_an_unknown_or_inactive_user_is_an_error_before_anything_is_done(command: str, name: str) -> None:
    get_user_model().objects.create_user("bert", is_active=False)
    run = recorded(nothing, status="failed" if "resume" in command else "queued", attempt=1)
    words = command.format(run.pk).split()
    with pytest.raises(CommandError) as refused:
        shown(*words, "--as", name)
    reason = "this user is inactive" if name == "bert" else "there is no such user"
    assert (refused.value.returncode, str(refused.value)) == (1, f"--as {name!r}: {reason}; nothing was done")
    assert [(found.status, found.log.count()) for found in Run.objects.all()] == [(run.status, 0)]


@pytest.mark.usefixtures("anna")
def test_who_resumes_or_stops_a_run_is_in_its_log() -> None:
    run = recorded(nothing)
    shown("cancel_run", str(run.pk), "--as", "anna")
    shown("resume_run", str(run.pk))
    assert [line.message for line in reread(run).log.all()] == [
        f"asked to stop by anna ({ME}), from the command line",
        f"resumed by {ME}, from the command line",
    ]
    assert reread(run).user is None


def test_the_system_s_user_is_found_without_an_entry_and_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert identity.system_user() == ME
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    assert identity.system_user() == "uid 4000000001"
    monkeypatch.setenv("SUDO_USER", "a\x1b[31m\udcff" + "b" * 300)
    name = identity.system_user()
    assert name.startswith("uid 4000000001 (sudo by a?[31m?bbb")
    assert (len(name), name.isprintable()) == (100, True)


def test_each_attempt_s_code_is_recorded_where_it_changes() -> None:
    def hand_over(_run: RunContext) -> None:
        raise HandOver

    with override_settings(UPKEEP={"VERSION": "1.0"}):
        run = played(hand_over)
        run = claimed_again(run)
    with override_settings(UPKEEP={"VERSION": "c" * 40}):
        run = claimed_again(run)
    assert run.attempt == 3
    assert run.versions == [{"attempt": 1, "version": "1.0"}, {"attempt": 3, "version": "c" * 40}]


@pytest.mark.django_db(transaction=True)  # with all apps
def test_who_and_which_code_is_shown_by_show_run_runs_and_the_admin(anna: Any) -> None:
    with override_settings(UPKEEP={"VERSION": "c" * 40}):
        run = started("--sync", "--as", "anna")
    shown_run = shown("show_run", str(run.pk))
    assert f"started by  command · {ME} · anna" in shown_run
    assert "code        cccccccccccc\n" in shown_run
    for text in (shown("show_run", str(run.pk), "--json"), shown("runs", "--json")):
        found = json.loads(text)
        found = found[0] if isinstance(found, list) else found
        assert (found["user"], found["system_user"]) == ("anna", ME)
        assert found["versions"] == [{"attempt": 1, "version": "c" * 40}]
    client = Client()
    client.force_login(anna)
    page = client.get(f"/admin/upkeep_operations/run/{run.pk}/change/").content.decode()
    assert ME in page
    assert "anna" in page
    assert "c" * 40 in page
    assert ME in client.get("/admin/upkeep_operations/run/").content.decode()


def test_a_run_that_code_started_has_no_user_of_the_system() -> None:
    assert submission.record(scripted, scripted.parse({})).system_user == ""
