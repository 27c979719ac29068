import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from backend.collection.models import DVD
from tests.acceptance.polling import until
from tests.integration.operations.factories import APPS
from tests.integration.operations.processes import manage, managing, typed
from tests.operations.adopted import talk, talk_again, talk_briefly
from tests.operations.children import processes
from upkeep.operations import cancellation, runner, submission
from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError, OperationError
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome

pytestmark = pytest.mark.django_db(transaction=True, available_apps=[*APPS, "tests.operations"])


def run_of(operation: Operation[Any], *, dry_run: bool = False, **values: Any) -> Outcome:
    """How a run in this process ended."""
    return runner.execute(operation, operation.parse(values), dry_run=dry_run, raises=False)


def names() -> list[str]:
    """Of the DVDs that there are."""
    return sorted(DVD.objects.values_list("name", flat=True))


def log_of(outcome: Outcome) -> list[str]:
    return list(Run.objects.get(pk=outcome.run).log.values_list("message", flat=True))


@contextmanager
def meanwhile(look: Callable[[], object], act: Callable[[], object]) -> Iterator[None]:
    """While the body waits, do something as soon as something else has happened."""

    def acting() -> None:
        try:
            until(look)
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=acting)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def begun() -> bool:
    return DVD.objects.filter(name="begun").exists()


def cancel() -> None:
    cancellation.cancel(Run.objects.get(status="running").pk)


def test_a_command_does_what_it_does_and_its_output_is_the_log_of_the_run() -> None:
    outcome = run_of(talk, words=["hello", "--world"])
    assert (outcome.status, outcome.result, outcome.error) == ("succeeded", {"exit_code": 0}, "")
    assert log_of(outcome) == ["hello", "--world", "begun"]
    assert names() == ["begun", "ended"]


def test_a_command_error_fails_the_run_by_its_message() -> None:
    outcome = run_of(talk, error="no milk today")
    assert (outcome.status, outcome.result) == ("failed", {"exit_code": 1})
    assert outcome.error == "manage.py talk failed with exit code 1: CommandError: no milk today"
    assert log_of(outcome)[-1] == "CommandError: no milk today"


def test_an_exit_code_is_kept() -> None:
    outcome = run_of(talk, code=7)
    assert (outcome.status, outcome.result) == ("failed", {"exit_code": 7})
    assert outcome.error == "manage.py talk failed with exit code 7: begun"


def test_a_command_that_is_killed_fails_its_run() -> None:
    outcome = run_of(talk, signal=9)
    assert outcome.error == "manage.py talk was ended by signal 9"


def test_a_command_that_asks_gets_no_answer_and_does_not_wait_for_one(environment: dict[str, str]) -> None:
    ended = typed(environment, "run_task", "talk", "--sync", "--ask", prompt="Sure? ", answer="yes\n")
    assert ended.code == 1
    assert "manage.py talk failed with exit code 1: EOFError: EOF when reading a line" in ended.out
    assert names() == []


def test_a_dry_run_is_the_command_s_own() -> None:
    outcome = run_of(talk, dry_run=True)
    assert (outcome.status, log_of(outcome), names()) == ("succeeded", ["nothing is added"], [])


def test_what_the_command_s_parser_refuses_is_refused_before_there_is_a_run() -> None:
    with pytest.raises(InvalidParamsError, match="argument --code: invalid choice: 999"):
        talk.parse({"code": 999})
    with pytest.raises(InvalidParamsError, match=r"unknown parameter 'word' \(did you mean 'words'\?\)"):
        talk.parse({"word": "x"})


@pytest.mark.parametrize("how", [{}, {"statement": True, "deaf": True}])
def test_a_cancelled_command_is_ended_and_does_no_more(how: dict[str, bool]) -> None:
    with meanwhile(begun, cancel):
        outcome = run_of(talk, seconds=600, **how)
    assert (outcome.status, names()) == ("cancelled", ["begun"])
    until(lambda: not sleeping())


def sleeping() -> int:
    """Statements of a command that the server still carries out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
            " AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def test_the_log_is_there_while_the_command_is_in_a_transaction_which_its_cancellation_undoes() -> None:
    with meanwhile(lambda: Run.objects.filter(log__message="begun").exists(), cancel):
        outcome = run_of(talk, seconds=600, together=True)
    assert (outcome.status, names()) == ("cancelled", [])


def test_nothing_that_a_cancelled_command_has_started_goes_on() -> None:
    with meanwhile(lambda: DVD.objects.filter(name="begun").count() == 2, cancel):
        outcome = run_of(talk, seconds=600, child=True, deaf=True)
    assert (outcome.status, names()) == ("cancelled", ["begun", "begun"])
    assert not processes(outcome.run)


def test_a_command_that_takes_longer_than_its_time_limit_is_ended_and_its_run_fails() -> None:
    outcome = run_of(talk_briefly, seconds=600)
    assert (outcome.status, outcome.error) == ("failed", "manage.py talk took longer than its time limit of 1.5 s")
    assert "ended" not in names()


def taken_up_again(operation: Operation[Any]) -> Outcome:
    """How a run ends whose first executor was lost while its command ran."""
    with meanwhile(begun, cancel):
        first = run_of(operation, seconds=600)
    Run.objects.filter(pk=first.run).update(status="queued", cancel_at=None, finished_at=None, params={})
    attempt = claims.claim(first.run)
    assert attempt == 2
    return runner.carry_out(first.run, attempt)


def test_a_command_whose_executor_was_lost_is_not_begun_twice() -> None:
    outcome = taken_up_again(talk)
    assert outcome.status == "failed"
    assert outcome.error == (
        "manage.py talk was begun, and its worker lost before it ended: look at what it did, then start a new run"
    )
    assert names() == ["begun"]
    with pytest.raises(OperationError, match=r"testing\.talk cannot be resumed: look at what the run did"):
        submission.requeue(outcome.run, queue="")


def test_a_repeatable_command_whose_executor_was_lost_runs_once_more() -> None:
    assert taken_up_again(talk_again).status == "succeeded"
    assert names() == ["begun", "begun", "ended"]


def test_a_command_ends_with_the_process_that_runs_it(environment: dict[str, str]) -> None:
    with managing(environment, "run_task", "talk", "--sync", "--seconds", "600", "--deaf") as manager:
        until(begun)
        run = Run.objects.get()
        assert processes(run.pk)
        os.kill(manager.pid, signal.SIGKILL)
        until(lambda: not processes(run.pk))
    assert names() == ["begun"]


def test_within_a_transaction_no_command_runs() -> None:
    with transaction.atomic():
        outcome = run_of(talk)
    assert outcome.status == "failed"
    assert "does not see this transaction: run it outside" in outcome.error
    assert names() == []


def test_two_runs_of_one_key_do_not_run_together(environment: dict[str, str]) -> None:
    with managing(environment, "run_task", "talk", "--sync", "--seconds", "600") as manager:
        until(begun)
        ended = manage(environment, "run_task", "talk", "--sync")
        assert (ended.code, "already running: testing.talk" in ended.err) == (4, True)
        manager.send_signal(signal.SIGINT)
        assert manager.wait(60) == 130
    assert names() == ["begun"]


def test_a_terminal_shows_what_the_command_prints_and_its_own_options(environment: dict[str, str]) -> None:
    ended = manage(environment, "run_task", "talk", "hello", "--sync")
    hello, begun, summary, code = ended.out.splitlines()
    assert (ended.code, hello, begun, code) == (0, "hello", "begun", "  exit code 0")
    assert summary.startswith("testing.talk succeeded in ")
    told = manage(environment, "run_task", "talk", "--help").out
    assert "--seconds SECONDS" in told
    assert "How long it takes, once it has spoken. Default: 0.0." in told
    assert "What to say.\n" in told
    refused = manage(environment, "run_task", "talk", "--sync", "--second", "1")
    assert (refused.code, "did you mean --seconds?" in refused.err) == (2, True)


def test_json_has_the_exit_code_and_the_output_goes_to_stderr(environment: dict[str, str]) -> None:
    ended = manage(environment, "run_task", "talk", "hello", "--sync", "--json", "--code", "7")
    assert (ended.code, ended.json["status"], ended.json["result"]) == (1, "failed", {"exit_code": 7})
    assert ended.err.splitlines()[0] == "hello"


def test_a_command_that_has_no_dry_run_to_show_asks_at_once(environment: dict[str, str]) -> None:
    refused = manage(environment, "run_task", "talk_when_told", "--sync")
    assert (refused.code, "talk_when_told destroys data: --no-input confirms it" in refused.err) == (2, True)
    assert names() == []
    assert typed(environment, "run_task", "talk_when_told", "--sync", prompt="to continue: ", answer="talk\n").code == 0
    assert names() == ["begun", "ended"]
