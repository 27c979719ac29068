"""How the items of a step come in: page after page by key, each about half a second's worth of work."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from threading import Semaphore, Thread
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

from django.db.models import Aggregate, Count, QuerySet
from django.db.models.query import NamedValuesListIterable, ValuesIterable

from upkeep.conf import conf
from upkeep.operations.execution.shares import Cursor

T = TypeVar("T")
Source: TypeAlias = QuerySet[Any, T] | Callable[[Cursor], Iterable[tuple[Sequence[T], Cursor]]] | Iterable[T]
"""A queryset; any items; or a function from a cursor to the pages after it, each with the cursor that ends it."""

BATCH_SECONDS = 0.5
FETCHES_IN_FLIGHT = 2
"""With one, the remote system would idle from a batch's last request until its answer."""


class BatchSize:
    """A number of items that takes about BATCH_SECONDS, learnt from how long the batches before took."""

    def __init__(self, first: int, least: int, most: int) -> None:
        self._least = least
        self.allow(most)
        self.items = min(first, self._most)
        self._since = monotonic()

    def allow(self, most: int) -> None:
        """Let batches grow up to `most` items, unless the settings make them smaller."""
        self._most = min(most, conf().BATCH_ITEMS or most)

    def learn(self, done: int) -> None:
        """`done` items were finished since the last call."""
        now = monotonic()
        seconds, self._since = max(now - self._since, 1e-6), now
        wanted = done * BATCH_SECONDS / seconds
        self.items = int(min(self._most, max(self._least, min(2 * self.items, max(wanted, self.items / 4)))))


@dataclass(slots=True)
class Page(Generic[T]):
    """Some items in the order of their keys: `rows` once they are loaded, and the key range they are in."""

    cursor: Cursor
    number: int
    rows: Sequence[T] | None
    load: Callable[[], Sequence[T]]
    first: Any = None
    last: Any = None
    future: "Future[Any] | None" = None

    @property
    def error(self) -> BaseException | None:
        """What `fetch` raised, once it has ended."""
        return self.future.exception() if self.future else None

    @property
    def items(self) -> Sequence[T]:
        """The rows, loaded when they are first asked for."""
        if self.rows is None:
            self.rows = self.load()
        return self.rows

    def release(self) -> None:
        """Give the rows back, so that no two pages are held at a time; `items` is not to be asked for any more."""
        self.load, self.future = tuple, None
        if self.rows is not None:
            self.rows = ()


class Least(Aggregate):
    """The least of any values that have an order. PostgreSQL 18 has no `min` of UUIDs."""

    template = "percentile_disc(0) WITHIN GROUP (ORDER BY %(expressions)s)"


class Greatest(Aggregate):
    """The greatest of them."""

    template = "percentile_disc(1) WITHIN GROUP (ORDER BY %(expressions)s)"


def check_pageable(queryset: "QuerySet[Any, Any]") -> None:
    """Raise TypeError, which says what to write, for a queryset that cannot be paged by its primary key."""
    if queryset.query.is_sliced:
        raise TypeError("a sliced queryset has no batches: give it whole, and write `run.batches(rows, limit=100)`")
    fields, kind = queryset._fields, queryset._iterable_class  # type: ignore[attr-defined]  # noqa: SLF001 - public nowhere
    if fields is not None and not ("pk" in fields and issubclass(kind, (ValuesIterable, NamedValuesListIterable))):
        raise TypeError("batches want the key of each row: write `.values('pk', …)`")


class QuerySetPages(Generic[T]):
    """A queryset in pages of its primary key.

    The first page only asks for its key range: whoever then looks at the items gets the following pages with their
    rows, whoever does not never loads any.
    """

    def __init__(self, queryset: "QuerySet[Any, T]") -> None:
        self._queryset = queryset.order_by("pk")

    def pages(self, after: Cursor, size: BatchSize, *, rows: bool) -> Iterator[Page[T]]:
        """The pages after `after`, each as large as `size` then says; with `rows`, loaded from the first one on."""
        while True:
            page = self._loaded(after, size.items) if rows else self.range(after, size.items)
            if not page.number:
                return
            yield page
            after, rows = page.cursor, page.rows is not None

    def range(self, after: Cursor, size: int, *, last: object = None) -> Page[T]:
        """The next `size` keys after `after`, up to `last`, without their rows."""
        keys = self._behind(after).values("pk")
        keys = keys.filter(pk__lte=last) if last is not None else keys
        found = keys[:size].aggregate(first=Least("pk"), last=Greatest("pk"), number=Count("pk"))
        first, end, number = found["first"], found["last"], found["number"]
        return Page(_cursor(end), number, None, partial(self._between, first, end), first, end)

    def _between(self, first: object, last: object) -> list[T]:
        return list(self._queryset.filter(pk__gte=first, pk__lte=last))

    def _loaded(self, after: Cursor, size: int) -> Page[T]:
        rows = list(self._behind(after)[:size])
        first, last = (_key(rows[0]), _key(rows[-1])) if rows else (None, None)
        return Page(_cursor(last), len(rows), rows, tuple, first, last)

    def _behind(self, after: Cursor) -> "QuerySet[Any, T]":
        return self._queryset if after is None else self._queryset.filter(pk__gt=after)


def rows_by_key(queryset: "QuerySet[Any, T]", *, page: int = 1_000) -> Iterator[T]:
    """All rows in the order of their keys, of which one page is in memory.

    What `iterator()` is for; its server-side cursor does not work behind a pooler, and without it, it loads all rows.
    """
    for found in QuerySetPages(queryset).pages(None, BatchSize(page, page, page), rows=True):
        yield from found.items


def function_pages(found: Iterable[tuple[Sequence[T], Cursor]]) -> Iterator[Page[T]]:
    """The pages that a function source gives."""
    for rows, cursor in found:
        yield Page(cursor, len(rows), rows, tuple)


def iterable_pages(items: Iterable[T], size: BatchSize) -> Iterator[Page[T]]:
    """Any items in pages, each as large as `size` then says. They have no cursor: a resumed step starts again."""
    rest = iter(items)
    while rows := list(islice(rest, size.items)):
        yield Page(None, len(rows), rows, tuple)


def limited(pages: Iterator[Page[T]], limit: int | None, size: BatchSize) -> Iterator[Page[T]]:
    """At most `limit` items: the last page is cut."""
    left = limit
    while left is None or left > 0:
        size.items = size.items if left is None else min(size.items, left)
        page = next(pages, None)
        if page is None:
            return
        if left is not None and page.number > left:
            rows = page.items[:left]
            page = Page(page.cursor, left, rows, tuple)
        left = None if left is None else left - page.number
        yield page


def fetched(
    pages: Iterator[Page[T]], fetch: Callable[[Sequence[T]], Any], *, in_flight: int = FETCHES_IN_FLIGHT
) -> Iterator[Page[T]]:
    """The pages with what `fetch` made of their items, or the error that it raised.

    That goes on for the next `in_flight` pages while one is worked on.
    """
    ahead: deque[Page[T]] = deque()
    turns = Semaphore(FETCHES_IN_FLIGHT)
    try:
        for page in pages:
            page.future = _started(partial(fetch, page.items), turns)
            ahead.append(page)
            if len(ahead) > in_flight:
                yield _arrived(ahead.popleft())
        while ahead:
            yield _arrived(ahead.popleft())
    finally:
        for page in ahead:
            if page.future:
                page.future.cancel()


def _started(work: Callable[[], Any], turns: Semaphore) -> "Future[Any]":
    """What `work` will have returned. Its thread is a daemon: unlike an executor's, it keeps no process from ending."""
    future: Future[Any] = Future()

    def carry_out() -> None:
        with turns:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                    future.set_exception(error)

    Thread(target=carry_out, name="fetch", daemon=True).start()
    return future


def _arrived(page: Page[T]) -> Page[T]:
    if page.future is not None:
        wait([page.future])
    return page


def _key(row: object) -> Any:
    return row["pk"] if isinstance(row, Mapping) else row.pk  # type: ignore[attr-defined]


def _cursor(key: object) -> Cursor:
    return key if isinstance(key, int) or key is None else str(key)
