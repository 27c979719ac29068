"""The work in a demo organization, day by day: each day is made on its own, so that one may begin anywhere."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from backend.operations.plans import Change
from backend.tracking.kernel.demo import calendar, notes
from backend.tracking.kernel.demo.backlog import Backlog, Ticket
from backend.tracking.kernel.demo.keys import Keys
from backend.tracking.kernel.demo.options import Options
from backend.tracking.kernel.demo.structure import Structure
from backend.tracking.kernel.demo.team import projects_of
from backend.tracking.kernel.demo.texts import Weighted

PAGE = 4_000
MAIN_PROJECT = 0.7
"""The share of somebody's work that is for the project that is theirs."""


class WorkRow(NamedTuple):
    """The columns of a work entry."""

    id: UUID
    tracker_id: UUID
    external_id: str
    external_user_id: UUID
    breadcrumb: str
    text: str
    started_at: datetime
    duration: timedelta
    external_task: str


Page = tuple[list[WorkRow], int]
"""Rows, the earliest first, and how many working days are done with them."""


class Work:
    """All work entries."""

    def __init__(self, options: Options, structure: Structure, backlog: Backlog) -> None:
        self._options = options
        self._structure = structure
        self._backlog = backlog
        self._keys = Keys(options, "work entry")

    def pages(self, after: int | str | None, *, size: int = PAGE) -> Iterator[Page]:
        """The days behind `after`, so many together that about `size` rows are on a page."""
        number, worked = max(1, size // self._options.work_a_day), self._worked_days
        for start in range(int(after or 0), worked, number):
            end = min(start + number, worked)
            yield [row for day in range(start, end) for row in self.day(day)], end

    @property
    def _worked_days(self) -> int:
        return -(-self._options.work_entries // self._options.work_a_day)

    def day(self, place: int) -> list[WorkRow]:
        """What was worked on one day. The last days before LAST_DAY are worked on, if there is not enough for all."""
        before = place * self._options.work_a_day
        number = min(self._options.work_a_day, self._options.work_entries - before)
        day = len(self._backlog.days) - self._worked_days + place
        midnight = calendar.midnight(self._backlog.days[day])
        drawn = sorted(self._drawn(day, number), key=attrgetter("begin", "person"))
        return [self._row(midnight, number, entry) for number, entry in enumerate(drawn, start=before + 1)]

    def _drawn(self, day: int, number: int) -> Iterator["_Drawn"]:
        chance = self._options.random("work", day)
        people = self._options.people
        backlogs = [self._open(project, day) for project in range(self._options.projects)]
        for person, entries in Counter(int(chance.random() * people) for _ in range(number)).items():
            main, other = projects_of(person, self._options)
            for begin, minutes in calendar.hours(chance, entries):
                project = main if chance.random() < MAIN_PROJECT else other
                ticket = backlogs[project].drawn(chance) if backlogs[project] else None
                yield _Drawn(begin, minutes, person, project, *notes.texts(chance, ticket))

    def _open(self, project: int, day: int) -> Weighted[Ticket]:
        """There is more work on tasks that take longer."""
        return Weighted([(ticket.hours, ticket) for ticket in self._backlog.open(project, day)])

    def _row(self, midnight: float, number: int, drawn: "_Drawn") -> WorkRow:
        began = midnight + drawn.begin * calendar.MINUTE
        tracker = self._structure.hours[drawn.project]
        _, name, customer = self._structure.projects[drawn.project]
        return WorkRow(
            self._keys.key(began, number),
            tracker.key,
            str(number),
            tracker.people[drawn.person],
            f"{customer} / {name} / {drawn.activity}",
            drawn.text,
            datetime.fromtimestamp(began, UTC),
            timedelta(minutes=drawn.minutes),
            drawn.external_task,
        )


class _Drawn(NamedTuple):
    """What chance has to say of an entry."""

    begin: int
    """Minutes after midnight."""
    minutes: int
    person: int
    project: int
    activity: str
    text: str
    external_task: str


def plan(rows: Iterable[WorkRow], existing: set[UUID]) -> list[Change]:
    """One change an entry: created, unless it is there."""
    return [
        Change("unchanged", str(row.id), row.text or row.breadcrumb)
        if row.id in existing
        else Change("created", str(row.id), row.text or row.breadcrumb, payload=row)
        for row in rows
    ]
