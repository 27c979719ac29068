"""The tasks of a demo organization: opened one after the other, worked on for some days, mostly closed then."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain, count, islice
from random import Random
from uuid import UUID

from backend.tracking.kernel.demo import calendar, texts
from backend.tracking.kernel.demo.items import Item, Row
from backend.tracking.kernel.demo.keys import Keys
from backend.tracking.kernel.demo.options import Options
from backend.tracking.kernel.demo.structure import Structure
from backend.tracking.kernel.demo.texts import picked

PAGE = 1_000
ESTIMATES = (4, 8, 12, 16, 24, 40)
"""Hours of a task, by its size; work is shared out among open tasks by them."""
DEVIATIONS = (-1, 0, 0, 0, 0, 1)
"""By how many sizes a task differs from others of its kind."""
WITHOUT_ESTIMATE = 0.2
AT_A_TIME = 6
"""How many tasks of a project are open at least, once there are as many."""
SHARE_LEFT_OPEN = 0.1
DECLARED = (("various", "Various"), ("pm", "Project management"))
DUE_AFTER = timedelta(days=14)
OPENED = 6 * 60
"""Minutes after midnight: before anybody works on it."""
HOUR = 60


@dataclass(frozen=True, slots=True)
class Ticket:
    """A task of a tracker, as those who work on it see it."""

    project: int
    number: int
    """From 1."""
    title: str
    about: str
    """How its description begins."""
    hours: int
    """What it takes, whether somebody has estimated it or not."""
    first: int
    """The working day on which it was opened."""
    opened: datetime
    last: int
    """The last working day on which it is worked on."""

    @property
    def code(self) -> str:
        """What people call it."""
        return f"#{self.number}"

    @property
    def external_id(self) -> str:
        """What its tracker calls it."""
        return str(self.project * 1_000_000 + self.number)


class Backlog:
    """All tasks."""

    def __init__(self, options: Options, structure: Structure) -> None:
        self._options = options
        self._structure = structure
        self._keys = Keys(options, "task")
        self.days = calendar.working_days(options.days)
        self.tickets = [self._of_project(project) for project in range(options.projects)]
        self._firsts = [[ticket.first for ticket in tickets] for tickets in self.tickets]
        self._longest = max((ticket.last - ticket.first for tickets in self.tickets for ticket in tickets), default=0)

    def open(self, project: int, day: int) -> list[Ticket]:
        """The tasks of a project that are worked on that day."""
        firsts = self._firsts[project]
        start, end = bisect_right(firsts, day - self._longest - 1), bisect_right(firsts, day)
        return [ticket for ticket in self.tickets[project][start:end] if ticket.last >= day]

    def pages(self, after: int | str | None, *, size: int = PAGE) -> Iterator[tuple[list[Item], int]]:
        """The tasks after the first `after` ones: those that are declared, then those of each tracker."""
        start = int(after or 0)
        left = islice(self._all(), start, None)
        while page := list(islice(left, size)):
            start += len(page)
            yield [make() for make in page], start

    def _all(self) -> Iterator[Callable[[], Item]]:
        """Each task, once it is asked for."""
        number = count()
        for project in range(self._options.projects):
            for code, title in self._declared(project):
                yield partial(self._declared_item, next(number), project, code, title)
        for ticket in chain.from_iterable(self.tickets):
            yield partial(self._item, next(number), ticket)

    def _of_project(self, project: int) -> list[Ticket]:
        number = self._options.tasks_of(project) - len(self._declared(project))
        return [self._ticket(project, place, number) for place in range(number)]

    def _declared(self, project: int) -> Sequence[tuple[str, str]]:
        return DECLARED[: self._structure.declared(project)]

    def _ticket(self, project: int, place: int, of: int) -> Ticket:
        chance = self._options.random("task", project, place)
        first, later = divmod(place * len(self.days) / of, 1)
        deviation, title = picked(chance, DEVIATIONS), texts.title(chance)
        hours = ESTIMATES[min(max(title.size + deviation, 0), len(ESTIMATES) - 1)]
        lasts = max(5 + hours // 4, int(AT_A_TIME * len(self.days) / of))
        return Ticket(
            project, place + 1, title.text, title.about, hours,
            int(first), self._opened(int(first), later), int(first) + lasts,
        )  # fmt: skip

    def _opened(self, day: int, later: float) -> datetime:
        return calendar.moment(self.days[day], OPENED + int(HOUR * later))

    def _declared_item(self, number: int, project: int, code: str, title: str) -> Item:
        key = self._keys.key(calendar.midnight(self.days[0]), number)
        tracker = self._structure.issues[project]
        row = Row("task", {"id": key, "tracker_id": tracker.key, "code": code, "title": title})
        return Item(key, f"task {code} {title}", (row,))

    def _item(self, number: int, ticket: Ticket) -> Item:
        key = self._keys.key(ticket.opened.timestamp(), number)
        chance = self._options.random("description", ticket.project, ticket.number)
        tracker = self._structure.issues[ticket.project]
        people = list(tracker.people.values())
        closed_at = self._closed_at(ticket, chance)
        columns = {
            "id": key,
            "tracker_id": tracker.key,
            "external_id": ticket.external_id,
            "code": ticket.code,
            "title": ticket.title,
            "description": texts.description(chance, ticket.about),
            "url": f"https://{tracker.host}/{tracker.project}/issues/{ticket.number}",
            "state": "closed" if closed_at else picked(chance, ("open", "open", "in progress")),
            "created_at": ticket.opened,
            "updated_at": closed_at or ticket.opened,
            "closed_at": closed_at,
            "due_on": self._due_on(ticket, chance),
            "estimate": None if chance.random() < WITHOUT_ESTIMATE else Decimal(ticket.hours),
            "author_id": picked(chance, people),
        }
        return Item(key, f"task {ticket.code} {ticket.title}", (Row("task", columns), *self._assigned(
            key, ticket, dict.fromkeys(picked(chance, people) for _ in range(int(chance.random() * 3)))
        )))  # fmt: skip

    def _assigned(self, task: UUID, ticket: Ticket, people: dict[UUID, None]) -> list[Row]:
        keys = Keys(self._options, f"assignee of {task}")
        known_since = ticket.opened + timedelta(hours=1)
        return [
            Row("assignee", {
                "id": keys.key(known_since.timestamp(), place), "task_id": task, "external_user_id": person,
                "known_since": known_since,
            })
            for place, person in enumerate(people)
        ]  # fmt: skip

    def _closed_at(self, ticket: Ticket, chance: Random) -> datetime | None:
        if ticket.last + 1 >= len(self.days) or chance.random() < SHARE_LEFT_OPEN:
            return None
        return calendar.moment(self.days[ticket.last + 1], 8 * HOUR + int(HOUR * chance.random())).astimezone(UTC)

    def _due_on(self, ticket: Ticket, chance: Random) -> date | None:
        return (ticket.opened + DUE_AFTER).date() if chance.random() < 0.3 else None  # noqa: PLR2004 - a share
