"""Work entries from the detailed reports of Toggl Track: https://engineering.toggl.com/docs/reports/detailed_reports."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from backend.tracking.connectors import progress, spans
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.progress import Part
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.toggl import limits
from backend.tracking.connectors.toggl.answer import Project, ReportEntry, Workspace, flat
from backend.tracking.connectors.wire import header_number, listed, record, token
from backend.tracking.kernel.records import Record, RecordPage, WorkRecord
from upkeep.remote import wire
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError
from upkeep.remote.exchange import Request

CLOUD = "https://api.track.toggl.com"

REQUESTS_PER_SECOND = 1.0

PAGE_SIZE = 200

DAY = timedelta(days=1)

YEAR = timedelta(days=365)
"""The longest report that is known to be answered."""

FUTURE = timedelta(days=30)
"""Reports reach so far ahead: today is another day elsewhere, and some plan their work."""

RECENT = timedelta(days=90)
"""Entries of this period are read again each time: reports do not find what was changed."""

BEGINNING = date(2006, 1, 1)
"""Of Toggl. Nothing says when the first entry was: a year without any says nothing about earlier ones."""

NEXT = {
    "first_id": "x-next-id",
    "first_row_number": "x-next-row-number",
    "first_timestamp": "x-next-timestamp",
}
"""What to ask for the next page with, and the headers that have it."""


@contextmanager
def connect(source: Source, network: Network) -> Iterator[Connector]:
    """Give access to the project, or the whole workspace, until the end of the block.

    Raises RemoteRejectedError when there is no token, or the address is invalid.
    """
    workspace, _, project = source.place.name.partition("/")
    login = b64encode(f"{token(source)}:api_token".encode()).decode()
    client = network.client(
        "Toggl",
        source.place.api_url,
        headers={"Authorization": f"Basic {login}"},
        requests_per_second=REQUESTS_PER_SECOND if source.place.api_url == CLOUD else None,
        assess=limits.assess,
    )
    with client:
        yield Toggl(client, workspace, project)


class Toggl:
    """The entries of one project; of the whole workspace when that is empty."""

    project = None

    def __init__(self, client: RemoteClient, workspace: str, project: str) -> None:
        self._client = client
        self._workspace = workspace
        self._project = project

    def check(self) -> str:
        """What Toggl calls the project or workspace. Raises RemoteError."""
        if self._project:
            return wire.read(Project, self._place.content, about="Toggl about the project").name
        items = listed(_array(self._place), about="Toggl about workspaces")
        workspaces = [wire.read(Workspace, item, about="Toggl about workspaces") for item in items]
        names = [workspace.name for workspace in workspaces if workspace.id == self._workspace]
        if not names:
            raise RemoteRejectedError(f"Toggl has no workspace {self._workspace}, or the api_token may not see it")
        return names[0]

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed after the position; see `Connector`.

        The latest entries come first. Of what was read before, the last 90 days are read again each time. When that is
        more than a quota allows, the next download continues with it, once it has read what is new.
        """
        self.check()
        now = spans.server_time(self._place.headers)
        # Of two clocks, the one that is behind hides nothing.
        latest = max(min(now, datetime.now(UTC) + YEAR), datetime.now(UTC)) + FUTURE
        return progress.pages(
            position,
            since=spans.not_ahead(now) - RECENT,
            everything=lambda reached: self._years((reached or latest).date()),
            changes=lambda since, reached: self._years((reached or latest).date(), since.date()),
            meanwhile=lambda since: self._years(latest.date(), (since + RECENT - DAY).date()),
        )

    @cached_property
    def _place(self) -> Reply:
        path = f"/workspaces/{self._workspace}/projects/{self._project}" if self._project else "/me/workspaces"
        reply = self._client.ask(Request(f"/api/v9{path}"))
        if reply is None:
            raise RemoteRejectedError(f"Toggl has no project {self._project}, or the api_token may not see it")
        return reply

    def _years(self, last: date, first: date = BEGINNING) -> Iterator[Part]:
        """Everything up to a day and back to the first one, a year at a time."""
        while last >= first:
            begin = max(last - YEAR + DAY, first)
            yield from self._report(begin, last)
            last = begin - DAY

    def _report(self, first: date, last: date) -> Iterator[Part]:
        """The entries of these days, the latest first. Days are those of the token's owner."""
        reading = Reading(self._request(first, last))
        reached = last
        for reply in self._client.chain(reading.first, reading.following):
            if reply is None:
                raise RemoteRejectedError("Toggl has no reports at this address: check it")
            items = flat(listed(_array(reply), about="Toggl about entries"))
            records = tuple(record(ReportEntry, item, lambda entry: entry.work) for item in items)
            reached = _reached(records, reached) if _cursor(reply) else first - DAY
            yield Part(records, datetime.combine(reached, time(), UTC))

    def _request(self, first: date, last: date) -> Request:
        body = {
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            "order_by": "date",
            "order_dir": "DESC",
            "page_size": PAGE_SIZE,
            "enrich_response": True,
            "grouped": False,
            "hide_amounts": True,
            "rounding": 0,
        }
        project = {"project_ids": [int(self._project)]} if self._project else {}
        return Request(f"/reports/api/v3/workspace/{self._workspace}/search/time_entries", json=body | project)


class Reading:
    """The pages of one report, each asked for with what the one before said."""

    def __init__(self, request: Request) -> None:
        self.first = request
        self._cursors: set[frozenset[tuple[str, int]]] = set()

    def following(self, reply: Reply) -> Request | None:
        """The page after this one; None when it is the last. Raises RemoteResponseError when it was there before."""
        cursor = _cursor(reply)
        if not cursor:
            return None
        key = frozenset(cursor.items())
        if key in self._cursors:
            raise RemoteResponseError("Toggl named the same page again as the next one")
        self._cursors.add(key)
        return replace(self.first, json=self.first.json | cursor)


def _array(reply: Reply) -> object:
    """The content; Toggl sends null for an empty list."""
    return [] if reply.content is None else reply.content


def _cursor(reply: Reply) -> dict[str, int]:
    """What to ask for the next page with; nothing when there is none."""
    values = {field: header_number(reply.headers, header) for field, header in NEXT.items()}
    return {field: value for field, value in values.items() if value is not None}


def _reached(records: tuple[Record, ...], last: date) -> date:
    """The day that is not read to its end, wherever on earth the owner's days are; never a later one than the last."""
    times = [entry.started_at for entry in records if isinstance(entry, WorkRecord)]
    first = min(times).date() if times else last
    return first + DAY if first < last else last
