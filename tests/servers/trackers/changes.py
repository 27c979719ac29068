"""When the records of a system were last changed, and what happens to them while somebody reads."""

from datetime import datetime, timedelta

ORIGIN = "http://tracker.example"
"""What expected records have for the address of the server, which is another one each time."""

AFTER_PAGES = 3


class Changes:
    """Records by number, the one that was not changed for longest first; of the same time, by number."""

    def __init__(self, times: dict[int, datetime], *, moves: bool = False, vanishes: bool = False) -> None:
        self._times = times
        self._moves = moves
        self._vanishes = vanishes
        self._pages = 0
        self._order: list[int] = []
        self.version = 0
        """Another one after every change."""

    def numbers(self) -> list[int]:
        """Return all in their order, which is not to be changed."""
        if not self._order:
            self._order = sorted(self._times, key=lambda number: (self._times[number], number))
        return self._order

    def time(self, number: int) -> datetime:
        """Return when a record was last changed."""
        return self._times[number]

    def page_was_sent(self) -> None:
        """Let the first record be changed or deleted, after each of the first few pages."""
        self._pages += 1
        if self._pages > AFTER_PAGES or not self._times:
            return
        first = self.numbers()[0]
        self._order, self.version = [], self.version + 1
        if self._vanishes:
            del self._times[first]
        elif self._moves:
            self._times[first] = max(self._times.values()) + timedelta(seconds=1)
