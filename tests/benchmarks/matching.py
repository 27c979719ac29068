"""match_project on a project whose rules are a code's pattern, a pattern and an always."""

import re
from collections.abc import Iterator
from uuid import UUID

from django.db import connection

from backend.tracking.kernel.patterns.pattern import Pattern
from backend.tracking.models import EntryMatch, Project, Task, WorkEntry, WorkMatch
from tasks.tracking.match_project import MatchProject, match_project
from tests.benchmarks import child, work
from tests.benchmarks.pairs import measured, seconds, seconds_of_each
from tests.benchmarks.report import Row, at_least, at_most
from upkeep.operations.runner import execute

REWRITE = "UPDATE tracking_workentry SET text = text"
BACKTRACKING = "(a+)+$"
LETTERS, LETTERS_FOR_PYTHON = 100_000, 24


def speed(*, quick: bool) -> Iterator[Row]:
    """Beside the rewrite of one column of all entries, and beside the plain loop."""
    entries, tasks, rounds = (50_000, 5_000, 1) if quick else (1_000_000, 100_000, 2)
    work.fill(entries, tasks)
    work.keep()
    name, told = "match_project", f"the rewrite of a column of {entries:,} work entries"
    bare = measured(rounds, _ours, _rewritten)
    yield Row(name, told, bare.slower, goal=at_most(4), ours=f"{bare.ours:.1f} s", other=f"{bare.other:.1f} s")
    plain = measured(1, _ours, lambda: _plainly(500 if quick else 2_000) * entries)
    yield Row(
        name, f"a loop: a query and a save() an entry, {entries:,} work entries",
        plain.faster, goal=at_least(20), ours=f"{plain.ours:.1f} s", other=f"{plain.other:.0f} s",
    )  # fmt: skip
    _ours()
    work.settle()
    again = measured(rounds, _matched, _rewritten_as_it_is)
    yield Row(
        f"{name} again: nothing to write", told,
        again.slower, goal=at_most(0.02), ours=f"{again.ours:.2f} s", other=f"{again.other:.1f} s",
    )  # fmt: skip


def memory(*, quick: bool) -> Iterator[Row]:
    """Of the command, when every entry is written."""
    entries, tasks = (50_000, 5_000) if quick else (1_000_000, 100_000)
    work.fill(entries, tasks)
    ended = child.manage("match_project", work.CODE, "--json")
    told = f"{entries:,} work entries, {tasks:,} tasks"
    yield Row("manage.py match_project", told, ended.megabytes, "MB", at_most(200), ours=f"{ended.seconds:.1f} s")


def backtracking(*, quick: bool) -> Iterator[Row]:  # noqa: ARG001
    """A pattern by which Python's own matching takes twice as long with each further letter."""
    text = "a" * LETTERS + "b"
    ours = seconds(lambda: Pattern(BACKTRACKING).found(text))
    other = seconds(lambda: re.match(BACKTRACKING, "a" * LETTERS_FOR_PYTHON + "b"))
    yield Row(
        f"a pattern {BACKTRACKING}", f"a text of {LETTERS:,} letters; Python's re: of {LETTERS_FOR_PYTHON}",
        ours * 1000, "ms", at_most(1000), ours=f"{ours * 1000:.0f} ms", other=f"{other * 1000:.0f} ms",
    )  # fmt: skip


def _ours() -> float:
    work.reset()
    took = _matched()
    assert not WorkEntry.objects.filter(match__task=None).exists()
    return took


def _matched() -> float:
    return seconds(lambda: execute(match_project, MatchProject(organization=work.CODE)))


def _rewritten() -> float:
    work.reset()
    with connection.cursor() as cursor:
        return seconds(lambda: cursor.execute(REWRITE))


def _rewritten_as_it_is() -> float:
    with connection.cursor() as cursor:
        took = seconds(lambda: cursor.execute(REWRITE))
    work.settle()
    return took


def _plainly(number: int) -> float:
    """Seconds an entry, when nobody thinks of many at a time."""
    work.reset()
    code, tasks = re.compile(work.CODE_PATTERN), Task.objects.filter(tracker__name="github")
    project = Project.objects.get(code="app")
    rules: dict[str, UUID] = dict(WorkMatch.objects.values_list("match_on", "pk"))

    def matched(entry: WorkEntry) -> None:
        found = code.match(entry.text)
        task = tasks.filter(code=found["task_code"]).first() if found else None
        rule = rules["pattern_to_task_code" if task else "always_to_task"]
        EntryMatch(entry=entry, project=project, task=task or tasks.get(code="various"), matched_by_id=rule).save()

    return seconds_of_each(matched, WorkEntry.objects.order_by("pk")[:number].iterator()) / number
