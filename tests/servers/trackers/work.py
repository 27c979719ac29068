"""The work that the stand-ins of all time trackers know: number 1 was the first, the last was just now."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

FIRST = datetime(2025, 1, 7, 9, 30, tzinfo=UTC)

STEP = timedelta(hours=25, minutes=7)
"""Between two entries: over all hours of the day, and the days when clocks change."""

PAGE = 100
"""The most that the stand-ins send, whatever is asked for: less than the real ones, so that tests are fast."""

RUNNING = 2
"""The number of the entry whose timer is running."""

TEXTS = ("Label layout", "Größe prüfen: 12 m²", "🎬 Schnitt", None, "青木さんと電話", "two\nlines", "", "N\0UL")


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who works."""

    id: int
    login: str
    name: str
    zone: str


WORKERS = (
    Worker(4, "ada", "Ada L.", "Europe/Berlin"),
    Worker(5, "zoë@example.com", "Zoë Größe", "America/New_York"),
    Worker(6, "haruka", "青木 遥", "Asia/Kolkata"),
)

ACTIVITIES = ("Development", "Büro & Reise", "会議")


def start(number: int) -> datetime:
    """When it began; every tenth at the same moment as the one before it."""
    return FIRST + STEP * (number - (number % 10 == 0))


def seconds(number: int) -> int:
    """How long it took, which is not what start and stop say."""
    return 900 * (1 + number % 16) + number % 60


def stop(number: int) -> datetime | None:
    """When it ended; None: it did not."""
    return None if number == RUNNING else start(number) + timedelta(seconds=seconds(number), minutes=number % 3)


def duration(number: int) -> timedelta | None:
    """As it must come out."""
    return None if number == RUNNING else timedelta(seconds=seconds(number))


def sent_text(number: int) -> str | None:
    """As it is sent."""
    text = TEXTS[number % len(TEXTS)]
    return f"{text} {number}" if text else text


def text(number: int) -> str:
    """As it must come out."""
    return (sent_text(number) or "").replace("\0", "")


def worker(number: int) -> Worker:
    """Who did it."""
    return WORKERS[number % len(WORKERS)]


def activity(number: int) -> str:
    """What kind of work it was."""
    return ACTIVITIES[number % len(ACTIVITIES)]


AFTER_PAGES = 3


class Entries:
    """The entries that a tracker holds, by number, and what happens to them while somebody reads."""

    def __init__(
        self, records: int, *, moves_from: timedelta | None, vanishes: bool, broken: int, surprises: bool
    ) -> None:
        """Keep so many.

        Args:
            records: how many.
            moves_from: so far from where it belongs one of them is, until the first page was sent.
            vanishes: the first that was sent is deleted, after each of the first few pages.
            broken: the number of the one that has a shape which nobody understands.
            surprises: they have fields which the documentation does not know.
        """
        self._begins = {number: start(number) for number in range(1, records + 1)}
        self._changes = {number: begin + timedelta(hours=2) for number, begin in self._begins.items()}
        self._vanishes, self._broken, self._surprises = vanishes, broken, surprises
        self._pages = 0
        self.now = start(records) + timedelta(hours=2, minutes=30)
        self._moving = (records + 1) // 2 if moves_from and records else None
        if self._moving and moves_from:
            self._begins[self._moving] += moves_from

    @property
    def date(self) -> str:
        """What the clock of the stand-in says, as a header."""
        return format_datetime(self.now, usegmt=True)

    def numbers(self) -> list[int]:
        """Return all, the earliest first; of the same time, the later number."""
        return sorted(self._begins, key=lambda number: (self._begins[number], -number))

    def begin(self, number: int) -> datetime:
        """Return when one begins."""
        return self._begins[number]

    def changed(self, number: int) -> datetime:
        """Return when one was last changed."""
        return self._changes[number]

    def shaped(self, number: int, entry: dict[str, Any], field: str) -> dict[str, Any]:
        """Return an entry as it is sent; the field is what nobody understands, if so."""
        if number == self._broken:
            return entry | {field: {"text": "secret"}}
        return entry | {"surprise": {"new": True}} if self._surprises else entry

    def page_was_sent(self, numbers: list[int]) -> None:
        """Let what is to happen happen."""
        self._pages += 1
        if self._moving:
            self._begins[self._moving], self._changes[self._moving] = start(self._moving), self.now
            self._moving = None
        if self._vanishes and self._pages <= AFTER_PAGES and numbers:
            self._begins.pop(numbers[0], None)
