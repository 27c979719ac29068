import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.operations.dvds import CrashError, RefusalError
from tests.operations.scripted import played
from upkeep.operations.context import RunContext
from upkeep.operations.plans import Change

pytestmark = pytest.mark.django_db

HOSTILE = ["a\x00b", "half \ud800 pair", "\udcff.jpg", "e\x1b[2J", "x" * 300, "\u202e", "a\nb\tc\\N", "𝄞"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_change_may_hold_any_text(text: str) -> None:
    fields: dict[str, tuple[Any, Any]] = {"name": (text, None), text: (None, [text, {text: text}])}
    change = Change("skipped", text, text, fields, reason=text)
    run = played(lambda run: run.commit(lambda: [change], write=lambda _changes: None))
    assert (run.status, run.error) == ("succeeded", "")
    assert run.changes.count() == run.counts["skipped"] == 1
    assert sum(run.reasons["skipped"].values()) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_a_report_a_log_and_a_step_may_hold_any_text(text: str) -> None:
    def body(run: RunContext) -> None:
        with run.step(text, isolate=RefusalError):
            raise RefusalError(text)
        run.log(text)
        run.report(text, **{text: [text]})
        run.commit(lambda: [Change("updated", "1", "1", payload=1)], write=lambda _changes: None)

    run = played(body)
    assert (run.status, run.error) == ("succeeded", "")
    assert run.log.count() == 2
    assert len(run.report) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_an_error_may_hold_any_text(text: str) -> None:
    def body(_run: RunContext) -> None:
        raise RefusalError(text)

    run = played(body)
    assert run.status == "failed"
    assert run.error


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_change_may_hold_numbers_that_json_does_not_know(number: float) -> None:
    change = Change("skipped", "1", "1", {"score": (number, [number])}, reason="x")

    def body(run: RunContext) -> None:
        run.report("", score=number)
        run.commit(lambda: [change], write=lambda _changes: None)

    run = played(body)
    assert (run.status, run.error) == ("succeeded", "")


def test_an_error_is_told_by_its_first_line() -> None:
    def body(_run: RunContext) -> None:
        raise CrashError("one\ntwo")

    assert played(body).error == "CrashError: one"


def test_reasons_beyond_fifty_are_counted_together() -> None:
    plan = [Change("skipped", str(number), "", reason=f"reason {number}") for number in range(70)]

    def write(_changes: Sequence[Change]) -> None:
        raise AssertionError

    run = played(lambda run: run.commit(lambda: plan, write=write))
    assert sum(run.reasons["skipped"].values()) == run.counts["skipped"] == 70
    assert len(run.reasons["skipped"]) == 51
    assert run.reasons["skipped"]["other"] == 20


def test_a_result_that_json_does_not_know_is_kept_as_text() -> None:
    run = played(lambda run: run.report("", at=date(2026, 1, 2), path=Path("a"), pair=(1, Decimal("2.50"))))
    assert (run.status, run.error) == ("succeeded", "")
    assert run.result == {"at": "2026-01-02", "path": "a", "pair": [1, "2.50"]}
