"""What the contract of the views may become once others rely on it."""

from datetime import date

import pytest

from backend.reports.kernel import contract, released
from backend.reports.kernel.views import View

BEFORE = """
[task]
unique = [["task_id"]]
[task.columns]
task_id = "uuid not null"
code = "text not null"
hours = "numeric"
"""
UNTIL = 'until = "2027-12-31"'
LAST_DAY = date(2027, 12, 31)


def breaches(after: str, *, before: str = BEFORE, today: date = LAST_DAY) -> list[str]:
    return [*released.breaches(contract.parsed(before), contract.parsed(after), today)]


def changed(old: str, new: str) -> list[str]:
    assert old in BEFORE
    return breaches(BEFORE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('code = "text not null"\n', "", "task.code was promised, and is gone: make a view beside task instead"),
        ('"numeric"', '"integer"', "task.hours was promised as numeric, and is integer"),
        ('code = "text not null"', 'code = "text"', "task.code was promised never to be null"),
        (
            'hours = "numeric"\n',
            'url = "text"\nhours = "numeric"\n',
            "the columns of task were promised in another order",
        ),
        ('[["task_id"]]', "[]", "task was promised to have one row of each task_id"),
    ],
)
def test_what_was_promised_is_not_taken_back_in_place(old: str, new: str, line: str) -> None:
    [found] = changed(old, new)
    assert line in found


def test_new_columns_come_last_and_old_ones_may_promise_more() -> None:
    assert changed('hours = "numeric"\n', 'hours = "numeric not null"\nurl = "text"\n') == []


def test_a_view_goes_after_its_date_and_not_before() -> None:
    until = BEFORE.replace("[task]", f"[task]\n{UNTIL}")
    assert "keep it beside its successor" in breaches("")[0]
    assert "task was promised until 2027-12-31" in breaches("", before=until)[0]
    assert "2027-12-31, which is after 2027-06-01" in breaches(until.replace("12-31", "06-01"), before=until)[0]
    assert breaches("", before=until, today=date(2028, 1, 1)) == []


def test_the_record_says_what_the_contract_says() -> None:
    promises = contract.parsed(BEFORE.replace("[task]", f"[task]\n{UNTIL}") + BEFORE.replace("[task", "[task_v2"))
    assert contract.parsed(released.rendered(promises)) == promises


@pytest.mark.parametrize(
    ("until", "line"),
    [(UNTIL, "no successor task_v2"), ('until = "next year"', "until 'next year', which is not a date")],
)
def test_an_end_is_a_date_and_has_a_successor(until: str, line: str) -> None:
    promises = contract.parsed(BEFORE.replace("[task]", f"[task]\n{until}"))
    [problem] = contract.problems([View("task", "", "", dict.fromkeys(("task_id", "code", "hours"), "x"))], promises)
    assert line in problem
