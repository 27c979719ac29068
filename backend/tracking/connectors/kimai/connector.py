"""Work entries from Kimai: https://www.kimai.org/documentation/rest-api.html."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from math import ceil
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx2

from backend.tracking.connectors import progress, spans
from backend.tracking.connectors.kimai.answer import TASK_FIELDS, Me, Named, Timesheet
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.progress import Part
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.spans import Span
from backend.tracking.connectors.wire import header_number, listed, record, token
from backend.tracking.kernel.records import Record, RecordPage, WorkRecord
from upkeep.remote import wire
from upkeep.remote.answers import Answer, Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError
from upkeep.remote.exchange import Request

PAGE_SIZE = 500
"""The most that Kimai sends."""

FILLED = 0.8
"""Of a page, by a span that is as busy as all others; it has room for one that is busier."""

AHEAD = 4

SHORTEST = timedelta(days=1)
"""A part is not shorter: where clocks go back, or are not known, each of many would ask for the same hours again."""

SLACK = timedelta(days=1)
"""Around a span, when nobody knows where the token's owner is: no place is further from UTC."""

OVERLAP = timedelta(hours=1)
"""Of what is asked for as changed: clocks differ, and a change is reported when its transaction ends."""


@contextmanager
def connect(source: Source, network: Network) -> Iterator[Connector]:
    """Give access to the project or customer until the end of the block.

    Raises RemoteRejectedError when there is no token, or the address is invalid.
    """
    what, _, number = source.place.name.partition("=")
    client = network.client(
        "Kimai",
        source.place.api_url,
        headers={"Authorization": f"Bearer {token(source)}"},
        assess=_assess,
    )
    with client:
        yield Kimai(client, what, number, task_fields=source.task_fields or TASK_FIELDS)


@dataclass(frozen=True, slots=True)
class Step:
    """What one request asks for: the entries that began in a span, or those after its first pages."""

    span: Span
    page: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """What it brings."""

    records: tuple[Record, ...]
    newest: datetime | None
    """When the latest of them began; None: of none is that known."""
    is_last: bool
    left: int
    """How many pages follow; zero when Kimai does not say."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Times are asked for as they show them."""

    zone: tzinfo
    slack: timedelta = timedelta(0)

    def begin(self, moment: datetime) -> str:
        """What to ask for so that nothing from the moment on is missed."""
        return _text(spans.not_after(moment, self.zone) - self.slack)

    def end(self, moment: datetime) -> str:
        """The same up to the moment.

        Without slack it is where the next span begins, whichever time the server takes it for: both include it.
        """
        return _text(spans.not_after(moment, self.zone) + self.slack)


class Kimai:
    """The entries of one project or customer; without the permission for those of others, the token owner's own."""

    project = None

    def __init__(self, client: RemoteClient, what: str, number: str, *, task_fields: Sequence[str]) -> None:
        self._client = client
        self._what = what
        self._number = number
        self._task_fields = task_fields

    def check(self) -> str:
        """What Kimai calls the project or customer. Raises RemoteError."""
        return wire.read(Named, self._place.content, about=f"Kimai about the {self._what}").name

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed after the position; see `Connector`.

        Everything is read by the time that work began at, which can be asked for from anywhere on, so that nothing is
        missed when entries are deleted or moved meanwhile. Kimai finds what was changed since, but does not say when.
        """
        # The first request, since a filter by an id that Kimai does not know is left out silently.
        self.check()
        return progress.pages(
            position,
            since=spans.not_ahead(self._now) - OVERLAP,
            everything=lambda reached: self._begun(reached, {}),
            changes=lambda since, reached: self._begun(reached, _changed(since)),
            meanwhile=lambda since: self._begun(None, _changed(since)),
        )

    @cached_property
    def _place(self) -> Reply:
        reply = self._client.ask(Request(f"/{self._what}s/{self._number}"))
        if reply is None:
            raise RemoteRejectedError(f"Kimai has no {self._what} {self._number}, or the api_token may not see it")
        return reply

    @property
    def _now(self) -> datetime:
        return spans.server_time(self._place.headers)

    @cached_property
    def _clocks(self) -> Clocks:
        """Those of the token's owner."""
        reply = self._client.ask(Request("/users/me"))
        name = wire.read(Me, reply.content, about="Kimai about the token's owner").timezone if reply else ""
        if not name:
            return Clocks(UTC, SLACK)
        try:
            return Clocks(ZoneInfo(name))
        except (OSError, ValueError, ZoneInfoNotFoundError) as error:
            raise RemoteResponseError("The time zone of the token's owner in Kimai is not known here") from error

    def _begun(self, reached: datetime | None, filters: dict[str, str]) -> Iterator[Part]:
        """What began since a point that was reached, or ever."""
        return self._parts([Step(Span(reached or spans.START))], filters)

    def _parts(self, steps: Sequence[Step], filters: dict[str, str]) -> Iterator[Part]:
        """All that the steps lead to, in their order."""
        replies = self._client.ahead((self._request(step, filters) for step in steps), AHEAD)
        for first, reply in zip(steps, replies, strict=True):
            step, page = first, self._page(first, reply)
            yield _part(step, page)
            while len(rest := self._rest(step, page)) == 1:
                step = rest[0]
                page = self._page(step, self._client.ask(self._request(step, filters)))
                yield _part(step, page)
            if rest:
                yield from self._parts(rest, filters)

    def _request(self, step: Step, filters: dict[str, str]) -> Request:
        query = {
            "user": "all",
            self._what: self._number,
            "full": "1",
            "orderBy": "begin",
            "order": "ASC",
            "begin": self._clocks.begin(step.span.since),
            "size": str(PAGE_SIZE),
            "page": str(step.page),
        }
        end = {"end": self._clocks.end(step.span.until)} if step.span.until else {}
        return Request("/timesheets", query | end | filters)

    def _page(self, step: Step, reply: Reply | None) -> Page:
        """A page after the last one is "not found"; the first one is there, even when it is empty."""
        if reply is None and step.page == 1:
            raise RemoteRejectedError("Kimai has no timesheets at this address: check it")
        items = listed(reply.content, about="Kimai about timesheets") if reply else []
        headers = reply.headers if reply else httpx2.Headers()
        pages = header_number(headers, "x-total-pages")
        records = tuple(record(Timesheet, item, self._record) for item in items)
        return Page(
            records,
            newest=max((entry.started_at for entry in records if isinstance(entry, WorkRecord)), default=None),
            is_last=len(items) < PAGE_SIZE if pages is None else step.page >= pages,
            left=max(0, (pages or 0) - step.page),
        )

    def _record(self, timesheet: Timesheet) -> WorkRecord:
        """The entry, if it is one of the place's. Raises RemoteResponseError."""
        named = timesheet.project if self._what == "project" else timesheet.project.customer
        if named.id != self._number:
            raise RemoteResponseError(f"Kimai answered with entries that do not belong to {self._what} {self._number}")
        return replace(timesheet.work, external_task=timesheet.task(self._task_fields))

    def _rest(self, step: Step, page: Page) -> list[Step]:
        """What is still missing of a step's span, in parts of about a page each."""
        span, newest = step.span, page.newest
        if page.is_last or (span.until and newest and newest >= span.until):
            return []
        if newest is None or self._clocks.begin(newest) <= self._clocks.begin(span.since):
            # A whole page of one moment, of an hour that the clocks show twice, or of the slack.
            return [Step(span, step.page + 1)]
        rest = Span(newest, span.until)
        number = min(ceil(page.left / FILLED), rest.width(self._now) // SHORTEST)
        return [Step(part) for part in rest.split(number, now=self._now)]


def _part(step: Step, page: Page) -> Part:
    """The end of a span that was read to its end, otherwise how far it came."""
    return Part(page.records, (step.span.until if page.is_last else page.newest) or step.span.since)


def _changed(since: datetime) -> dict[str, str]:
    return {"modified_after": _text(since.replace(tzinfo=None))}


def _text(naive: datetime) -> str:
    return f"{naive:%Y-%m-%dT%H:%M:%S}"


def _assess(answer: Answer) -> None:
    if answer.status == httpx2.codes.FORBIDDEN and not answer.is_html:
        raise RemoteRejectedError(f"{answer.service} does not let the api_token see the project or customer (403)")
