import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from backend.collection.models import DVD
from tests.acceptance.polling import until
from tests.integration.messages import publishing
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, paged, skipped
from tests.integration.operations.processes import manage, typed
from tests.operations.dvds import AddOne, CrashError, RefusalError, add, add_one, added, remove_dvds
from tests.operations.management.commands import add_one as adding
from tests.operations.management.commands import read_file as reading
from tests.operations.management.commands import remove_dvds as removing
from tests.operations.scripted import claimed, played, recorded, reread, stage
from upkeep.operations import cancellation, erasure, runner, submission
from upkeep.operations.broker import Audience
from upkeep.operations.command import OperationCommand
from upkeep.operations.context import RunContext
from upkeep.operations.leases import claims
from upkeep.operations.limits import Limits
from upkeep.operations.management.commands import cancel_run, resume_run, run_task
from upkeep.operations.models import Run
from upkeep.operations.terminal import identity

pytestmark = COMMITTED
COUNTS = ["processed", "created", "updated", "deleted", "unchanged", "skipped", "failed"]


@dataclass(frozen=True)
class Called:
    """What a command printed, and the exit code that it would have had."""

    code: int
    out: str
    err: str


def called(command: BaseCommand, *arguments: str, **options: Any) -> Called:
    """Call the command in this process."""
    out, err = StringIO(), StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err, **options)
    except CommandError as error:
        err.write(str(error))
        return Called(error.returncode, out.getvalue(), err.getvalue())
    return Called(0, out.getvalue(), err.getvalue())


def run_here(body: Callable[[RunContext], None], *arguments: str) -> Called:
    """`run_task scripted --sync` of that."""
    stage.body = body
    return called(run_task.Command(), "scripted", "--sync", *arguments)


def mixed(run: RunContext) -> None:
    """One of each ending but `created`."""
    stored = list(DVD.objects.order_by("pk"))

    def write(changes: Any) -> None:
        for change in changes:
            if change.payload == stored[3].pk:
                raise FileNotFoundError(2, "No such file or directory")

    def plan() -> list[Any]:
        return [added(stored)[0], skipped(stored[1], "complete"), skipped(stored[2], "too_old"), added(stored)[3]]

    run.commit(plan, write=write)
    run.report("Nothing else.", further=0)


def test_a_command_tells_how_it_went_and_what_it_counted() -> None:
    dvds(2)
    done = called(adding.Command())
    assert (done.code, done.err, copies()) == (0, "", [2, 2])
    assert done.out.splitlines()[0] == "batch 1"
    assert done.out.splitlines()[1].startswith("testing.add_one succeeded in ")
    assert done.out.splitlines()[2:] == ["  2 processed: 2 updated", "  All have one more."]
    run = Run.objects.get()
    assert (run.origin, run.queue, run.params) == ("command", "", {"limit": None, "hang": "nowhere", "ending": None})


def test_a_run_with_failed_items_ends_with_3_and_tells_every_reason() -> None:
    dvds(4)
    done = run_here(mixed)
    assert done.code == 3
    lines = done.out.splitlines()
    assert (lines[1], lines[-1]) == ("  4 processed: 1 updated, 2 skipped, 1 failed", "  Nothing else.")
    assert set(lines[2:-1]) == {"  skipped: complete 1, too_old 1", "  failed: no_such_file_or_directory 1"}
    assert "1 of 4 items failed" in done.err


@pytest.mark.parametrize(
    ("error", "told"), [(RefusalError("no more"), "no more"), (CrashError("no more"), "CrashError: no more")]
)
def test_a_failed_run_ends_with_1_and_one_line(error: Exception, told: str) -> None:
    def body(_run: RunContext) -> None:
        raise error

    done = run_here(body)
    assert (done.code, Run.objects.get().status) == (1, "failed")
    assert done.err.startswith(told)
    assert len(done.err.splitlines()) == 1


def answer(run: RunContext) -> None:
    """Some of everything that a command prints, and a result."""
    run.log("halfway")
    run.commit(lambda: [added(DVD.objects.all())[0]], write=add)
    run.report("That is the answer.", answer=42)


def test_an_operation_that_prints_its_result_prints_nothing_else_on_stdout() -> None:
    dvds(1)
    stage.body = answer
    done = called(run_task.Command(), "scripted_result", "--sync", "--verbose")
    assert (done.code, json.loads(done.out)) == (0, {"answer": 42})
    assert "halfway" in done.err
    assert "updated Film" in done.err
    done = called(run_task.Command(), "scripted_result", "--sync", "--json")
    assert json.loads(done.out)["result"] == {"answer": 42}
    assert called(run_task.Command(), "scripted_result", "--sync", "--verbosity=0").out == ""


def test_an_operation_that_prints_its_result_prints_none_when_it_fails() -> None:
    def body(run: RunContext) -> None:
        answer(run)
        raise RefusalError("no more")

    dvds(1)
    stage.body = body
    done = called(run_task.Command(), "scripted_result", "--sync")
    assert (done.code, done.out) == (1, "")
    assert "no more" in done.err
    stage.body = answer
    resumed = called(resume_run.Command(), str(Run.objects.get().pk))
    assert (resumed.code, json.loads(resumed.out)) == (0, {"answer": 42})


def test_a_failed_run_tells_what_it_did_before_and_how_to_go_on() -> None:
    stored = dvds(2)

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([[stored[0]], [stored[1]]])):
            batch.commit(added(batch.items), write=add)
            raise RefusalError("no more")

    done = run_here(body)
    assert done.code == 1
    assert "1 processed: 1 updated" in done.out
    assert f"resume_run {Run.objects.get().pk}" in done.err


def test_nothing_to_do_is_done() -> None:
    done = called(adding.Command())
    assert (done.code, "0 processed" in done.out) == (0, True)


def test_a_cancelled_run_ends_with_130() -> None:
    def body(_run: RunContext) -> None:
        raise KeyboardInterrupt

    done = run_here(body)
    assert (done.code, Run.objects.get().status) == (130, "cancelled")
    assert f"resume_run {Run.objects.get().pk}" in done.err


def test_the_second_of_two_exclusive_runs_ends_with_4_and_names_the_first() -> None:
    holder = submission.record(add_one, AddOne())
    claims.claim(holder.pk)
    done = called(removing.Command(), "--no-input")
    assert done.code == 4
    assert str(holder.pk) in done.err
    assert "testing.add_one" in done.err


@pytest.mark.parametrize("arguments", [["--limit=x"], ["--hang=often"], ["--limt=3"], ["surplus"]])
def test_a_wrong_command_line_ends_with_2_and_one_line(arguments: list[str]) -> None:
    done = called(adding.Command(), *arguments)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert not Run.objects.exists()


def test_a_misspelt_option_is_told_the_right_one() -> None:
    assert "did you mean --limit?" in called(adding.Command(), "--limt=3").err


def test_options_may_be_given_as_keywords() -> None:
    dvds(5)
    assert called(adding.Command(), limit=3, verbosity=0) == Called(0, "", "")
    assert copies() == [2, 2, 2, 1, 1]


def test_a_silent_command_prints_nothing_but_its_error() -> None:
    dvds(4)
    silent = run_here(mixed, "--verbosity=0")
    assert (silent.code, silent.out) == (3, "")


def test_a_verbose_command_tells_every_item() -> None:
    stored = dvds(1)
    told = f"updated {stored[0].name}: copy_number: 1 → 2"
    assert told in called(adding.Command(), "--verbose", "--dry-run").out.splitlines()
    assert told in called(adding.Command(), "--verbosity=2", "--dry-run").out.splitlines()
    assert told not in called(adding.Command()).out


@pytest.mark.parametrize("options", [[], ["--verbose"], ["--dry-run"]])
def test_json_is_one_object_on_stdout_and_everything_else_goes_to_stderr(options: list[str]) -> None:
    dvds(4)
    done = run_here(mixed, "--json", *options)
    [line] = done.out.splitlines()
    told = json.loads(line)
    assert list(told) == ["run", "operation", "status", "dry_run", "counts", "reasons", "result", "seconds"]
    assert list(told["counts"]) == COUNTS
    assert told["run"] == str(Run.objects.get().pk)
    assert (told["operation"], told["status"]) == ("testing.scripted", "succeeded")
    assert told["dry_run"] is ("--dry-run" in options)
    assert told["result"] == {"further": 0}
    assert told["reasons"].items() >= {"complete": 1, "too_old": 1}.items()
    assert 0 <= told["seconds"] < 60


def test_json_is_printed_of_a_failed_run_too() -> None:
    def body(_run: RunContext) -> None:
        raise RefusalError("no more")

    done = run_here(body, "--json")
    [line] = done.out.splitlines()
    assert (done.code, json.loads(line)["status"], json.loads(line)["error"]) == (1, "failed", "no more")


def test_json_is_printed_of_a_cancelled_run_too() -> None:
    def body(_run: RunContext) -> None:
        raise KeyboardInterrupt

    done = run_here(body, "--json")
    assert (done.code, json.loads(done.out)["status"]) == (130, "cancelled")


def test_text_that_no_terminal_can_show_is_told_all_the_same(environment: dict[str, str], tmp_path: Path) -> None:
    DVD.objects.create(name="plain")
    file = tmp_path / "empty.txt"
    file.touch()
    done = manage(environment, "read_file", str(file), "--json", PYTHONIOENCODING="ascii")
    assert (done.code, done.json["status"]) == (0, "succeeded")
    done = manage(environment, "add_one", "--verbose", PYTHONIOENCODING="ascii")
    assert (done.code, copies()) == (0, [2])
    assert "copy_number: 1 " in done.out


# ---- confirming


def test_nothing_is_destroyed_without_a_terminal_or_an_answer() -> None:
    dvds(2)
    done = called(removing.Command())
    assert done.code == 2
    assert "--no-input confirms it" in done.err
    assert (DVD.objects.count(), Run.objects.count()) == (2, 0)


@pytest.mark.parametrize("option", ["--no-input", "--noinput"])
def test_a_script_says_yes_by_an_option(option: str) -> None:
    dvds(2)
    assert called(removing.Command(), option).code == 0
    assert DVD.objects.count() == 0
    assert Run.objects.get().confirm == "all"


def test_a_dry_run_asks_nothing() -> None:
    dvds(2)
    done = called(removing.Command(), "--dry-run")
    assert (done.code, DVD.objects.count()) == (0, 2)
    assert "2 deleted" in done.out


@pytest.mark.parametrize(("answer", "code", "left"), [("all\n", 0, 0), ("no\n", 2, 2), ("\x03", 130, 2)])
def test_at_a_terminal_the_counts_are_shown_and_the_word_decides(
    environment: dict[str, str], answer: str, code: int, left: int
) -> None:
    dvds(2)
    ended = typed(environment, "remove_dvds", prompt="Type 'all' to continue: ", answer=answer)
    assert ended.code == code
    assert "2 processed: 2 deleted" in ended.out.partition("Type 'all'")[0]
    assert DVD.objects.count() == left
    assert "Traceback" not in ended.out


def test_at_a_terminal_what_was_seen_and_confirmed_is_not_limited(environment: dict[str, str]) -> None:
    dvds(2)
    arguments = ("remove_dvds", "--most", "50")
    ended = typed(environment, *arguments, prompt="Type 'all' to continue: ", answer="all\n")
    shown = ended.out.partition("Type 'all'")[0]
    assert "A run that nobody confirms on a terminal would be stopped (limit_exceeded): 2 of 2 items would be" in shown
    assert (ended.code, DVD.objects.count()) == (0, 0)
    assert Run.objects.latest("created_at").attended


def test_a_script_that_says_yes_is_limited_and_goes_on_with_another_limit() -> None:
    dvds(2)
    done = called(removing.Command(), "--no-input", "--most", "50")
    assert (done.code, DVD.objects.count()) == (1, 2)
    run = Run.objects.get()
    assert done.err == (
        "2 of 2 items would be deleted, the limit is 50 %: look at them with --dry-run --verbose; "
        f"`manage.py resume_run {run.pk} --max-deleted N` goes on"
    )
    assert "failed: limit_exceeded 1" in done.out
    assert "next would have been 2 deleted: deleted " in done.out
    assert called(resume_run.Command(), str(run.pk)).code == 1
    done = called(resume_run.Command(), str(run.pk), "--max-deleted", "100")
    assert (done.code, DVD.objects.count()) == (0, 0)


@pytest.mark.parametrize("value", ["-1", "101", "1.5", "many", "nan", ""])
@pytest.mark.parametrize("option", ["--max-deleted", "--max-failed"])
def test_a_limit_that_is_not_a_percentage_is_one_line(option: str, value: str) -> None:
    dvds(1)
    done = called(removing.Command(), "--no-input", f"{option}={value}")
    assert (done.code, DVD.objects.count(), Run.objects.count()) == (2, 1, 0)
    assert done.err.startswith(f"{option} ")
    assert "\n" not in done.err


def test_a_command_offers_limits_where_they_can_stop_it_and_says_which_are_declared() -> None:
    def shown(command: OperationCommand) -> str:
        return command.create_parser("manage.py", "it").format_help()

    assert "--max-deleted N" in shown(removing.Command())
    assert "--max-changes" not in shown(reading.Command())
    limited = type("Command", (OperationCommand,), {"operation": replace(remove_dvds, limits=Limits(deleted=0.3))})()
    assert "Default: at most 30 % deleted." in " ".join(shown(limited).split())


# ---- real processes


def test_a_process_ends_with_the_code_of_its_run(environment: dict[str, str]) -> None:
    dvds(2)
    done = manage(environment, "add_one", "--limit", "1", "--json")
    assert (done.code, done.json["counts"]["updated"], copies()) == (0, 1, [2, 1])
    assert done.err.splitlines() == ["batch 1"]
    done = manage(environment, "add_one", "--limit", "-x")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("CommandError: ")
    done = manage(environment, "add_one", "--ending=crashed")
    assert (done.code, Run.objects.latest("created_at").status) == (1, "failed")
    assert done.err.startswith("CommandError: CrashError: no more (`manage.py resume_run ")
    assert len(done.err.splitlines()) == 1


def test_a_traceback_is_shown_with_the_exit_code_that_there_is_without(environment: dict[str, str]) -> None:
    dvds(1)
    for code, last, words in (
        (1, "tests.operations.dvds.CrashError: no more", ["add_one", "--ending=crashed"]),
        (1, "tests.operations.dvds.CrashError: no more", ["run_task", "add_one", "--sync", "--ending=crashed"]),
        (2, "remove_dvds destroys data", ["remove_dvds"]),
    ):
        done = manage(environment, *words, "--traceback")
        assert done.code == code
        assert done.err.startswith("Traceback (most recent call last):")
        assert last in done.err.splitlines()[-1]


def test_with_the_broker_down_the_run_stays_queued_and_says_so(environment: dict[str, str]) -> None:
    done = manage(environment, "add_one", "--enqueue", CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    run = Run.objects.get()
    assert (done.code, done.out) == (0, f"{run.pk}\n")
    assert (run.status, run.sent_at, run.queue) == ("queued", None, "default")
    assert f"The broker cannot be reached: run {run.pk} stays queued until it is back." in done.err


def test_enqueueing_sends_the_run_and_prints_its_id(broker: str) -> None:
    assert broker
    done = called(adding.Command(), "--enqueue", "--limit=3")
    run = Run.objects.get()
    assert done == Called(0, f"{run.pk}\n", "")
    assert (run.status, run.params["limit"], run.attempt) == ("queued", 3, 0)
    assert run.sent_at
    done = called(adding.Command(), "--enqueue", "--json")
    assert json.loads(done.out) == {
        "run": str(Run.objects.latest("created_at").pk), "operation": "testing.add_one", "status": "queued"
    }  # fmt: skip


def test_waiting_follows_the_run_and_returns_its_code(environment: dict[str, str], broker: str) -> None:
    assert broker
    dvds(1)

    def work() -> None:
        run = until(Run.objects.filter(status="queued").first)
        attempt = claims.claim(run.pk)
        assert attempt
        runner.carry_out(run.pk, attempt)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work)
        done = manage(environment, "add_one", "--wait", "--json", "--ending=refused")
        working.result()
    assert (done.code, done.json["status"], done.json["error"]) == (1, "failed", "no more")
    assert copies() == [2]


def test_who_waits_for_a_run_that_is_deleted_is_told_so(environment: dict[str, str], broker: str) -> None:
    assert broker

    def delete() -> None:
        run = until(Run.objects.filter(status="queued").first)
        with transaction.atomic():
            erasure.erase(erasure.plan([run]))
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        deleting = threads.submit(delete)
        done = manage(environment, "add_one", "--wait")
        deleting.result()
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("CommandError: no run ")


# ---- other commands


def test_run_task_lists_every_operation_with_its_summary() -> None:
    done = called(run_task.Command())
    assert done.code == 0
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in done.out.splitlines()}
    assert listed["testing.add_one"] == "Add one copy of each DVD."
    assert "collection.refresh_missing_details" in listed


@pytest.mark.parametrize("name", ["add_one", "testing.add_one"])
def test_run_task_runs_an_operation_by_either_name(name: str) -> None:
    dvds(3)
    assert called(run_task.Command(), name, "--limit=2", "--sync").code == 0
    assert copies() == [2, 2, 1]


def test_run_task_without_sync_enqueues(broker: str) -> None:
    assert broker
    done = called(run_task.Command(), "add_one", "--limit=2")
    assert done == Called(0, f"{Run.objects.get(status='queued').pk}\n", "")


def test_run_task_of_a_misspelt_operation_is_told_the_right_one() -> None:
    done = called(run_task.Command(), "testing.ad_one")
    assert (done.code, "did you mean 'testing.add_one'?" in done.err) == (2, True)


def test_what_is_like_nothing_that_there_is_gets_no_guess() -> None:
    done = called(run_task.Command(), "testing.purge_everything")
    assert (done.code, done.err) == (2, "no operation 'testing.purge_everything': `run_task` lists them all")
    done = called(adding.Command(), "--fact=3")  # like --wait in its dashes and half of its letters
    assert (done.code, done.err) == (2, "unknown argument --fact=3")


def test_a_command_and_run_task_leave_the_same_kind_of_run() -> None:
    dvds(1)
    called(adding.Command())
    called(run_task.Command(), "add_one", "--sync")
    runner.execute(add_one, AddOne(), origin="command", system_user=identity.system_user())
    ignored = {"id", "created_at", "started_at", "finished_at"}
    rows = [
        {name: value for name, value in row.items() if name not in ignored}
        for row in Run.objects.values()
    ]  # fmt: skip
    assert rows[0] == rows[1] == rows[2]


def test_cancel_run_cancels_a_queued_run_and_refuses_an_ended_one() -> None:
    run = recorded(add_one_to_each)
    assert called(cancel_run.Command(), str(run.pk)) == Called(0, "cancelled\n", "")
    ended = played(add_one_to_each)
    assert called(cancel_run.Command(), str(ended.pk)).code == 1
    running = claimed(add_one_to_each)
    assert called(cancel_run.Command(), str(running.pk)) == Called(0, "asked to stop\n", "")
    assert "'12345' is not the id of a run" in called(cancel_run.Command(), "12345").err
    assert called(cancel_run.Command(), "00000000-0000-0000-0000-000000000001").code == 1


def test_resume_run_goes_on_here() -> None:
    stored = dvds(3)

    def body(run: RunContext, *, stop: bool = True) -> None:
        for batch in run.batches(paged([[dvd] for dvd in stored])):
            batch.commit(added(batch.items), write=add)
            if stop:
                raise RefusalError("later")

    run = played(body)
    stage.body = lambda run: body(run, stop=False)
    done = called(resume_run.Command(), str(run.pk))
    assert (done.code, copies(), reread(run).status) == (0, [2, 2, 2], "succeeded")
    assert "3 processed: 3 updated" in done.out
    assert called(resume_run.Command(), str(run.pk)).code == 1


# ---- files


def test_a_file_is_read_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("Alien")
    done = called(reading.Command(), str(file))
    assert (done.code, "  Alien" in done.out.splitlines()) == (0, True)


@pytest.mark.parametrize("path", ["missing.txt", "."])
def test_a_file_that_cannot_be_read_ends_with_1_and_one_line(tmp_path: Path, path: str) -> None:
    done = called(reading.Command(), str(tmp_path / path))
    assert (done.code, len(done.err.splitlines()), Run.objects.count()) == (1, 1, 0)


def test_a_file_that_changed_is_not_resumed_with(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xff")
    assert called(reading.Command(), str(file)).code == 1
    file.write_text("Aliens")
    done = called(resume_run.Command(), str(Run.objects.get().pk))
    assert (done.code, "list.txt changed since the run was started" in done.err) == (1, True)


# ---- waiting for a worker


@pytest.fixture
def told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is told at once why the run does not begin."""
    monkeypatch.setattr("upkeep.operations.command.LOOK_SECONDS", 0.0)


@pytest.mark.usefixtures("told_soon")
@pytest.mark.parametrize(
    ("audience", "text"),
    [
        (Audience.NOBODY, "is queued; no worker listens to its queue 'default'"),
        (Audience.IGNORANT, "is queued; no worker knows testing.add_one: restart them"),
        (Audience.UNKNOWN, "is queued; the broker cannot be reached"),
        (Audience.SOMEBODY, "is queued; the workers that listen to its queue 'default' are busy"),
    ],
)
def test_who_waits_is_told_once_why_a_run_does_not_begin(audience: Audience, text: str) -> None:
    asked: list[Run] = []

    def ask(run: Run) -> Audience:
        asked.append(run)
        if len(asked) == 3:
            cancellation.cancel(run.pk)
        return audience

    with publishing(lambda _run, **_options: True, audience=lambda _queue, _name: ask(Run.objects.get())):
        done = called(adding.Command(), "--wait")
    assert (done.code, done.out.count(f"run {asked[0].pk} {text}\n")) == (130, 1)


@pytest.mark.usefixtures("told_soon")
def test_who_stops_watching_is_told_the_run_and_how_to_cancel_it() -> None:
    def leave(_queue: str, _operation: str) -> Audience:
        raise KeyboardInterrupt

    with publishing(lambda _run, **_options: True, audience=leave):
        done = called(adding.Command(), "--wait")
    run = Run.objects.get()
    stays = f"no longer watching: run {run.pk} stays queued; `manage.py cancel_run {run.pk}` cancels it"
    assert (done.code, done.err, run.status) == (130, stays, "queued")


@pytest.mark.usefixtures("told_soon")
def test_who_watches_while_the_database_goes_down_is_told_the_run_and_that_it_goes_on() -> None:
    def go_down(_queue: str, _operation: str) -> Audience:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError

    with publishing(lambda _run, **_options: True, audience=go_down):
        done = called(adding.Command(), "--wait")
    connection.close()
    run = Run.objects.get()
    assert (done.code, done.err.startswith("no longer watching, the database reports: ")) == (1, True)
    assert done.err.endswith(f"run {run.pk} goes on; `manage.py show_run {run.pk}` says how it ended")


def test_waiting_within_a_transaction_is_refused_before_anything_is_recorded() -> None:
    with transaction.atomic():
        done = called(adding.Command(), "--wait")
        assert (done.code, Run.objects.count()) == (1, 0)
    assert done.err == "--wait within a transaction would wait forever: the run is sent when that ends"
