from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.tracking.kernel.demo import calendar, items
from backend.tracking.kernel.demo.backlog import Backlog
from backend.tracking.kernel.demo.items import Item
from backend.tracking.kernel.demo.keys import Keys
from backend.tracking.kernel.demo.options import Options
from backend.tracking.kernel.demo.structure import Structure
from backend.tracking.kernel.demo.team import team
from backend.tracking.kernel.demo.work import Work, WorkRow

OPTIONS = st.builds(
    Options,
    code=st.sampled_from(["demo", "größe"]),
    projects=st.integers(1, 9),
    tasks=st.integers(0, 40),
    work_entries=st.integers(0, 400),
    seed=st.integers(),
)


def options(**overrides: int | str) -> Options:
    return Options(**{"code": "demo", "projects": 2, "tasks": 60, "work_entries": 1_000, "seed": 1, **overrides})  # type: ignore[arg-type]


class Made:
    """Everything that options give."""

    def __init__(self, wanted: Options) -> None:
        self.structure = Structure(wanted)
        self.backlog = Backlog(wanted, self.structure)
        self.work = Work(wanted, self.structure, self.backlog)

    def tasks(self, size: int = 1_000) -> list[Item]:
        return [item for page, _ in self.backlog.pages(None, size=size) for item in page]

    def entries(self, size: int = 1_000) -> list[WorkRow]:
        return [change.payload for days, _ in self.work.pages(None, size=size) for change in self.work.created(days)]


def contents(rows: list[WorkRow]) -> list[tuple[object, ...]]:
    """Without the keys."""
    return [(row.breadcrumb, row.text, row.started_at, row.duration, row.external_task) for row in rows]


def keys(made: Made) -> Iterator[UUID]:
    for item in [*made.structure.items(), *made.tasks()]:
        yield from (row.columns["id"] for row in item.rows if "id" in row.columns)
    yield from (row.id for row in made.entries())


@settings(max_examples=20, deadline=None)
@given(wanted=OPTIONS, size=st.integers(1, 100))
def test_the_same_options_give_the_same_rows_whatever_the_size_of_the_pages(wanted: Options, size: int) -> None:
    one, other = Made(wanted), Made(wanted)
    assert one.structure.items() == other.structure.items()
    assert one.tasks() == other.tasks(size)
    assert one.entries() == other.entries(size)


@settings(max_examples=20, deadline=None)
@given(wanted=OPTIONS, size=st.integers(1, 100), data=st.data())
def test_a_source_goes_on_behind_any_of_its_cursors(wanted: Options, size: int, data: st.DataObject) -> None:
    made = Made(wanted)
    for source in (made.backlog.pages, made.work.pages):
        pages = list(source(None, size=size))
        place = data.draw(st.integers(0, len(pages)))
        assert list(source(pages[place - 1][1] if place else None, size=size)) == pages[place:]


@settings(max_examples=20, deadline=None)
@given(wanted=OPTIONS)
def test_there_is_as_much_of_everything_as_was_asked_for(wanted: Options) -> None:
    made = Made(wanted)
    kinds = Counter(item.label.partition(" ")[0] for item in made.structure.items())
    assert (kinds["organization"], kinds["project"], kinds["tracker"]) == (1, wanted.projects, 2 * wanted.projects)
    assert (len(made.tasks()), len(made.entries())) == (wanted.tasks, wanted.work_entries)


@settings(max_examples=20, deadline=None)
@given(wanted=OPTIONS)
def test_keys_are_uuids_of_version_7_no_two_alike_and_ascend_with_time(wanted: Options) -> None:
    made = Made(wanted)
    every = list(keys(made))
    assert {(key.version, key.variant) for key in every} == {(7, "specified in RFC 4122")}
    assert len(set(every)) == len(every)
    rows = made.entries()
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert [row.id.int >> 80 for row in rows] == [int(row.started_at.timestamp() * 1000) for row in rows]
    assert [row.started_at for row in rows] == sorted(row.started_at for row in rows)


@given(number=st.integers(0, (1 << 30) - 2), seconds=st.integers(0, 1 << 33))
def test_a_later_number_has_a_greater_key_at_the_same_time(number: int, seconds: int) -> None:
    made = Keys(options(), "work entry")
    assert made.key(seconds, number) < made.key(seconds, number + 1) < made.key(seconds + 1, number)


def test_another_code_gives_the_same_data_with_other_keys() -> None:
    one, other = Made(options()), Made(options(code="other"))
    assert contents(one.entries()) == contents(other.entries())
    assert not set(keys(one)) & set(keys(other))


def test_another_seed_gives_other_data() -> None:
    one, other = Made(options()), Made(options(seed=2))
    assert contents(one.entries()) != contents(other.entries())
    assert [task.label for task in one.tasks()] != [task.label for task in other.tasks()]
    assert team(options()) != team(options(seed=2))


def test_the_rows_are_the_same_for_ever() -> None:
    [first, *_] = Made(options()).entries()
    assert (str(first.id), first.text, str(first.started_at), first.duration) == EVER


EVER = ("019a0a69-d7a0-7000-8000-1d838c9fbfdd", "#3: deployed", "2025-10-22 05:35:00+00:00", timedelta(hours=2.25))


@pytest.mark.parametrize("number", [200, 3_000])
def test_people_work_on_working_days_by_day_and_on_one_thing_at_a_time(number: int) -> None:
    made = Made(options(work_entries=number))
    zone = ZoneInfo(calendar.TIME_ZONE)
    people = {key: number for tracker in made.structure.hours for number, key in tracker.people.items()}
    by_person: dict[int, list[WorkRow]] = {}
    for row in made.entries():
        begin, end = row.started_at.astimezone(zone), (row.started_at + row.duration).astimezone(zone)
        assert begin.weekday() < 5
        assert 7 <= begin.hour <= end.hour < 20
        assert begin.date() == end.date() <= calendar.LAST_DAY
        assert (begin.month, begin.day) not in calendar.HOLIDAYS
        by_person.setdefault(people[row.external_user_id], []).append(row)
    for rows in by_person.values():
        assert all(one.started_at + one.duration <= next_one.started_at for one, next_one in pairwise(rows))


def test_nobody_works_on_a_task_before_it_was_opened_or_after_it_was_closed() -> None:
    made = Made(options())
    tickets = {(ticket.project, ticket.code): ticket for of_project in made.backlog.tickets for ticket in of_project}
    closed = {(row.columns["tracker_id"], row.columns["code"]): row.columns.get("closed_at")
              for task in made.tasks() for row in task.rows[:1]}  # fmt: skip
    seen = 0
    for row in made.entries():
        project = [tracker.key for tracker in made.structure.hours].index(row.tracker_id)
        ticket = tickets.get((project, row.text.partition(" ")[0].rstrip(":")))
        if ticket:
            closed_at = closed[made.structure.issues[project].key, ticket.code]
            assert ticket.opened < row.started_at < (closed_at or row.started_at + timedelta(1))
            seen += 1
    assert seen > 500


def test_tasks_that_take_longer_get_more_hours() -> None:
    made = Made(options(work_entries=10_000, tasks=200))
    worked: Counter[tuple[UUID, str]] = Counter()
    for row in made.entries():
        worked[row.tracker_id, row.text.partition(" ")[0].rstrip(":")] += row.duration.seconds
    hours: dict[int, list[float]] = {}
    for tracker, tickets in zip(made.structure.hours, made.backlog.tickets, strict=True):
        for ticket in tickets:
            hours.setdefault(ticket.hours, []).append(worked[tracker.key, ticket.code] / 3600)
    means = [sum(found) / len(found) for _, found in sorted(hours.items())]
    assert means == sorted(means)
    assert means[-1] > 4 * means[0]


def test_some_work_is_by_people_who_are_no_users_and_some_has_no_code() -> None:
    made = Made(options())
    outside = {key for tracker in made.structure.hours for number, key in tracker.people.items()
               if not made.structure.team[number].is_member}  # fmt: skip
    rows = made.entries()
    assert 50 < sum(row.external_user_id in outside for row in rows) < 400
    assert 500 < sum(row.text.startswith("#") for row in rows) < 800
    assert 10 < sum(bool(row.external_task) for row in rows) < 120
    texts = " ".join(row.text for row in rows)
    assert set("äöü🎉") <= set(texts)


def test_everybody_of_a_large_team_has_a_name_of_their_own() -> None:
    people = team(options(work_entries=10_000_000))
    assert len({person.username for person in people}) == len(people) == 2_000
    assert all(person.username.isascii() and person.username.startswith("demo-") for person in people)


def test_what_is_there_is_unchanged_and_the_rest_is_created() -> None:
    made = Made(options(work_entries=20))
    structure = made.structure.items()[:3]
    plan = items.unless_there(items.created(structure), {structure[1].key})
    assert [(change.action, change.payload) for change in plan] == [
        ("created", structure[0]), ("unchanged", None), ("created", structure[2])
    ]  # fmt: skip
