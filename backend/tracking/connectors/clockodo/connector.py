"""Work entries from Clockodo: https://docs.clockodo.com."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil

from backend.tracking.connectors import progress, spans
from backend.tracking.connectors.clockodo.answer import Entries, ProjectAnswer, TimeEntry, is_about_money
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.progress import Part
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.spans import Span
from backend.tracking.connectors.wire import record, token
from backend.tracking.kernel.records import Record, RecordPage
from upkeep.remote import wire
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteRejectedError
from upkeep.remote.exchange import Request

CLOUD = "https://my.clockodo.com/api"

REQUESTS_PER_SECOND = 2.5
"""2,250 in 15 minutes; 900 in one minute would be allowed, too, but not for long."""

PAGE_SIZE = 1000
"""The most that Clockodo sends."""

FILLED = 0.5
"""Of a page, by a span that is as busy as all others; it has room for one that is busier."""

AHEAD = 4

OVERLAP = timedelta(days=3)
"""Of spans: it is not documented whether an entry belongs to the span where it begins, or only to one that has all of
it; no entry is expected to be longer."""

RECENT = timedelta(days=90)
"""Entries of this period are read again each time: Clockodo does not find what was changed."""

END = datetime(2100, 1, 1, tzinfo=UTC)
"""Of a span without an end."""

LONGEST_APPLICATION = 50
"""Characters of the name of a program and its contact together."""


@contextmanager
def connect(source: Source, network: Network) -> Iterator[Connector]:
    """Give access to the project until the end of the block.

    Raises RemoteRejectedError when there is no token or user, or the address is invalid.
    """
    username = source.username.strip()
    if not username:
        raise RemoteRejectedError(
            f"api_username is missing for clockodo {source.place.name}: it is the account's e-mail address"
        )
    client = network.client(
        "Clockodo",
        source.place.api_url,
        headers={
            "X-ClockodoApiUser": username,
            "X-ClockodoApiKey": token(source),
            "X-Clockodo-External-Application": f"Upkeep;{username}"[:LONGEST_APPLICATION],
            "Accept-Language": "en",
        },
        credentials="the api_username or the api_token",
        requests_per_second=REQUESTS_PER_SECOND if source.place.api_url == CLOUD else None,
    )
    with client:
        yield Clockodo(client, source.place.name)


class Clockodo:
    """The time entries of one project; lump sums are no work, and are left out."""

    project = None

    def __init__(self, client: RemoteClient, number: str) -> None:
        self._client = client
        self._number = number

    def check(self) -> str:
        """What Clockodo calls the project. Raises RemoteError."""
        return wire.read(ProjectAnswer, self._place.content, about="Clockodo about the project").data.name

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed after the position; see `Connector`.

        Of what was read before, the last 90 days are read again each time.
        """
        self.check()
        return progress.pages(
            position,
            since=spans.not_ahead(self._now) - RECENT,
            everything=lambda reached: self._parts([Span(reached or spans.START)]),
            changes=lambda since, reached: self._parts([Span(reached or since)]),
            meanwhile=lambda since: self._parts([Span(since)]),
        )

    @cached_property
    def _place(self) -> Reply:
        reply = self._client.ask(Request(f"/v4/projects/{self._number}"))
        if reply is None:
            raise RemoteRejectedError(f"Clockodo has no project {self._number}, or the api_token may not see it")
        return reply

    @property
    def _now(self) -> datetime:
        return spans.server_time(self._place.headers)

    def _parts(self, stretches: Sequence[Span]) -> Iterator[Part]:
        """All entries of the spans, in their order.

        The order of the entries on pages is not documented, and a deletion would shift them: so a span of more than one
        page is cut into shorter ones. Most projects are read by one request, large ones by four or five a page.
        """
        replies = self._client.ahead((self._request(span) for span in stretches), AHEAD)
        for span, reply in zip(stretches, replies, strict=True):
            page = self._page(reply)
            if page.paging.count_pages <= 1:
                yield Part(_records(page), span.until or span.since)
            elif span.width(self._now) > OVERLAP:
                yield from self._parts([*span.split(ceil(page.paging.count_pages / FILLED), now=self._now)])
            else:
                yield Part(_records(page), span.since)
                yield from self._further(span, page.paging.count_pages)

    def _further(self, span: Span, pages: int) -> Iterator[Part]:
        """The other pages of a span that is too short to be cut."""
        requests = (self._request(span, page) for page in range(2, pages + 1))
        for reply in self._client.ahead(requests, AHEAD):
            yield Part(_records(self._page(reply)), span.since)

    def _request(self, span: Span, page: int = 1) -> Request:
        query = {
            "time_since": _text(max(span.since - OVERLAP, spans.START)),
            "time_until": _text(span.until or END),
            "filter[projects_id]": self._number,
            "enhanced_list": "true",
            "items_per_page": str(PAGE_SIZE),
            "page": str(page),
        }
        return Request("/v2/entries", query)

    def _page(self, reply: Reply | None) -> Entries:
        if reply is None:
            raise RemoteRejectedError("Clockodo has no entries at this address: check it")
        return wire.read(Entries, reply.content, about="Clockodo about entries")


def _records(page: Entries) -> tuple[Record, ...]:
    return tuple(record(TimeEntry, item, lambda entry: entry.work) for item in page.entries if not is_about_money(item))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
