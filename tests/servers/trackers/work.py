"""The work that the stand-ins of all time trackers know, number 1 being the latest."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
"""What the clocks of the stand-ins say."""

LATEST = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)

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
    return LATEST - timedelta(hours=5, minutes=7) * (number - (number % 10 == 0))


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

    def __init__(self, records: int, *, moves_from: datetime | None = None, vanishes: bool = False) -> None:
        """Keep so many; one begins at `moves_from` until the first page is sent, and then where it belongs."""
        self._begins = {number: start(number) for number in range(1, records + 1)}
        self._changes = {number: begin + timedelta(hours=2) for number, begin in self._begins.items()}
        self._vanishes = vanishes
        self._pages = 0
        self._moving = (records + 1) // 2 if moves_from and records else None
        if self._moving and moves_from:
            self._begins[self._moving] = moves_from

    def numbers(self) -> list[int]:
        """Return all, the earliest first; of the same time, the later number."""
        return sorted(self._begins, key=lambda number: (self._begins[number], -number))

    def begin(self, number: int) -> datetime:
        """Return when one begins."""
        return self._begins[number]

    def changed(self, number: int) -> datetime:
        """Return when one was last changed."""
        return self._changes[number]

    def page_was_sent(self, numbers: list[int]) -> None:
        """Let what is to happen happen; the first that was sent is deleted, for the first few pages."""
        self._pages += 1
        if self._moving:
            self._begins[self._moving], self._changes[self._moving] = start(self._moving), NOW
            self._moving = None
        if self._vanishes and self._pages <= AFTER_PAGES and numbers:
            self._begins.pop(numbers[0], None)
