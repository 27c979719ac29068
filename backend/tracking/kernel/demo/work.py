"""The work in a demo organization, day by day: each day is made on its own, so that one may begin anywhere."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from backend.tracking.kernel.demo import calendar, notes
from backend.tracking.kernel.demo.backlog import Backlog, Ticket
from backend.tracking.kernel.demo.keys import Keys
from backend.tracking.kernel.demo.options import Options
from backend.tracking.kernel.demo.structure import Structure
from backend.tracking.kernel.demo.team import projects_of
from backend.tracking.kernel.demo.texts import Weighted
from upkeep.operations.plans import Change

PAGE = 16_000
FIRST_EXTERNAL_ID = 10_000_000
"""All are equally long, so that each new one goes to the end of its index."""
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


class Work:
    """All work entries."""

    def __init__(self, options: Options, structure: Structure, backlog: Backlog) -> None:
        self._options = options
        self._structure = structure
        self._backlog = backlog
        self._keys = Keys(options, "work entry")

    def pages(self, after: int | str | None, *, size: int = PAGE) -> Iterator[tuple[range, int]]:
        """The days after the first `after` ones, as many together as have about `size` entries."""
        number = max(1, size // self._options.work_a_day)
        for start in range(int(after or 0), self._days, number):
            end = min(start + number, self._days)
            yield range(start, end), end

    def created(self, days: Iterable[int]) -> list[Change]:
        """One change an entry of these days, the earliest first; its payload is a WorkRow."""
        return [
            Change("created", str(row.id), row.text or row.breadcrumb, payload=row)
            for day in days
            for row in self._of_day(day)
        ]

    @property
    def _days(self) -> int:
        """On how many days somebody worked: the last ones that there are."""
        return -(-self._options.work_entries // self._options.work_a_day)

    def _of_day(self, place: int) -> list[WorkRow]:
        before = place * self._options.work_a_day
        number = min(self._options.work_a_day, self._options.work_entries - before)
        day = len(self._backlog.days) - self._days + place
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
            str(FIRST_EXTERNAL_ID + number),
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
