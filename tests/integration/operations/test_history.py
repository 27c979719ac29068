import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.integration.operations.factories import add_one_to_each, dvds
from tests.operations.scripted import played, recorded, rewind, scripted_result
from upkeep.operations.context import RunContext
from upkeep.operations.models import Run
from upkeep.operations.states import Status
from upkeep.operations.terminal import history

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "backend.accounts", "backend.collection"]
pytestmark = pytest.mark.django_db(transaction=True, available_apps=[*APPS, "upkeep.operations", "tasks"])


def shown(command: str, *arguments: str) -> str:
    """What the command prints on stdout."""
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def listed(*arguments: str) -> list[str]:
    """The ids of the runs that `runs` lists, in its order."""
    return [run["run"] for run in json.loads(shown("runs", "--json", *arguments))]


def nothing(_run: RunContext) -> None:
    """Do nothing."""


def shift(run: Run, **columns: Any) -> str:
    """Change what is recorded of the run; returns its id."""
    Run.objects.filter(pk=run.pk).update(**columns)
    return str(run.pk)


def test_runs_are_listed_newest_first_and_chosen_by_operation_status_and_age() -> None:
    old = shift(played(nothing), created_at=timezone.now() - timedelta(days=8))
    failed = shift(played(nothing), created_at=timezone.now() - timedelta(hours=2))
    rewind(failed, status=Status.FAILED)
    other = shift(recorded(nothing, what=scripted_result))
    assert listed() == [other, failed, old]
    assert listed("--limit", "1") == [other]
    assert listed("--status", "failed", "--status", "queued") == [other, failed]
    assert listed("--since", "7d") == [other, failed]
    assert listed("--operation", "scripted") == listed("--operation", "testing.scripted") == [failed, old]


def test_a_part_is_not_listed_beside_its_run() -> None:
    whole = recorded(nothing)
    recorded(nothing, parent=whole)
    assert listed() == [str(whole.pk)]


def test_runs_of_an_operation_that_is_no_more_are_found_by_its_name_and_others_are_suggested() -> None:
    gone = shift(played(nothing), operation="testing.gone")
    assert listed("--operation", "testing.gone") == [gone]
    with pytest.raises(CommandError, match="did you mean 'scripted'"):
        shown("runs", "--operation", "scripte")


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_list_fits_the_terminal_and_names_ids_that_commands_take(
    columns: int,
) -> None:
    run = played(nothing, dry_run=True)
    shift(run, operation="testing." + "long_" * 20 + "name", counts={"processed": 1234567, "failed": 1000})
    lines = history.table(Run.objects.all(), width=columns).splitlines()
    assert max(map(len, lines)) <= columns
    assert "1,234,567" in lines[-1]
    digits = lines[-1].split()[0]
    assert str(run.pk) in shown("show_run", digits)


@pytest.mark.parametrize("columns", [36, 60])
def test_a_narrow_terminal_still_shows_which_run_it_is_and_how_it_went(columns: int) -> None:
    run = played(nothing, dry_run=True)
    shift(run, operation="testing.scripted_and_long", counts={"processed": 1234567, "failed": 1000})
    lines = history.table(Run.objects.all(), width=columns).splitlines()
    assert max(map(len, lines)) <= columns
    words = lines[-1].split()
    assert words[0] == str(run.pk)[:8]
    assert "succeeded" in words
    assert any(word.startswith("scripted_an") for word in words)
    assert lines[-1].count("…") <= 1, "nothing but the operation is shortened"


def test_a_run_is_shown_with_its_changes_its_log_and_who_started_it() -> None:
    dvds(2)

    def body(run: RunContext) -> None:
        run.log("halfway")
        add_one_to_each(run)

    user = get_user_model().objects.create(username="ada")
    run = played(body, user=user, origin="admin")
    text = shown("show_run", str(run.pk), "--changes", "--log")
    assert "2 processed: 2 updated" in text
    assert "started by  admin · ada" in text
    assert text.count("  updated Film ") == 2
    assert text.rstrip().endswith("  halfway")
    plain = shown("show_run", str(run.pk))
    assert "halfway" not in plain
    assert "updated Film" not in plain
    told = json.loads(shown("show_run", str(run.pk), "--changes", "--log", "--json"))
    assert (told["user"], told["counts"]["updated"], len(told["changes"])) == ("ada", 2, 2)
    assert told["changes"][0]["fields"] == {"copy_number": [1, 2]}
    assert [line["message"] for line in told["log"]] == ["halfway"]


def test_what_is_empty_of_a_run_is_not_shown() -> None:
    run = played(nothing)
    shift(run, versions=[{"attempt": 1, "version": ""}])
    text = shown("show_run", str(run.pk), "--changes", "--log")
    assert not any(line.strip().startswith(("log", "changes", "code")) for line in text.splitlines())


def test_a_run_of_an_operation_that_is_no_more_is_shown() -> None:
    run = played(nothing)
    shift(run, operation="testing.gone", error="no\x1b[2J more")
    text = shown("show_run", str(run.pk))
    assert "testing.gone succeeded" in text
    assert "no\\x1b[2J more" in text  # a terminal obeys nothing of it


def test_digits_that_several_runs_begin_with_are_refused() -> None:
    for last in "12":
        Run.objects.create(pk=f"12345678-0000-0000-0000-00000000000{last}", operation="testing.scripted")
    with pytest.raises(CommandError, match=r"several runs .* begins with 12345678: give more digits"):
        shown("show_run", "12345678")
    assert "12345678-0000-0000-0000-000000000002" in shown("show_run", "12345678000000000000000000000002")
    with pytest.raises(CommandError, match="no run 87654321: `runs` lists them"):
        shown("show_run", "87654321")


def test_other_commands_take_the_first_digits_too() -> None:
    run = recorded(nothing)
    assert shown("cancel_run", str(run.pk)[:8]) == "cancelled\n"
    assert shown("resume_run", str(run.pk)[:13])
    assert Run.objects.get(pk=run.pk).status == Status.SUCCEEDED


def test_looking_records_no_run() -> None:
    shown("runs")
    with pytest.raises(CommandError):
        shown("show_run", "87654321")
    assert not Run.objects.exists()
