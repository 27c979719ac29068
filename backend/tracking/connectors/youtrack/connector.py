"""Tasks from the issues of a YouTrack project: https://www.jetbrains.com/help/youtrack/devportal/resource-api-issues.html."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from backend.tracking.connectors.changes import Newest, UnsteadyError, joined
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.wire import assess_query, found, listed, looked_up, record, renamed, token
from backend.tracking.connectors.youtrack.answer import FIELDS, Issue, Located, Me, Project, Reading, TimeTracking
from backend.tracking.kernel.moves import Absence, Missed, Whereabouts
from backend.tracking.kernel.names import ProjectFacts
from backend.tracking.kernel.records import Record, RecordPage, TaskRecord
from upkeep.remote import wire
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError
from upkeep.remote.exchange import Request

A = TypeVar("A", bound=wire.Answer)

PAGE_SIZE = 100
"""Without saying so, 42 come."""

AHEAD = 4
"""Pages on their way."""

ESTIMATE_FIELD = "Estimation"
"""As it is called in new projects."""

TOLD_TWICE = timedelta(hours=2)
"""A clock that is set back repeats at most this much."""

ANY_ZONE = timedelta(hours=26)
"""The clocks of the world differ by less."""


@contextmanager
def connect(source: Source, network: Network) -> Iterator[Connector]:
    """Give access to the project until the end of the block.

    Raises RemoteRejectedError when there is no token, or the address is invalid.
    """
    client = network.client(
        "YouTrack",
        source.place.api_url,
        headers={"Authorization": f"Bearer {token(source)}"},
        assess=assess_query,
    )
    with client:
        yield YouTrack(client, source)


class YouTrack:
    """The issues of one project."""

    def __init__(self, client: RemoteClient, source: Source) -> None:
        self._client = client
        self._source = source
        self.project: ProjectFacts | None = None
        self._hidden = f"YouTrack has no project {source.place.name}, or the api_token may not see it"

    def check(self) -> str:
        """What YouTrack calls the project. Raises RemoteError."""
        project = self._asked(Project, f"/admin/projects/{self._source.place.name}", "id,shortName,name")
        if project is None:
            raise RemoteRejectedError(self._hidden)
        self.project = ProjectFacts(project.id, project.short_name or self._source.place.name)
        return project.name

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed after the position; see `Connector`."""
        newest = Newest.at(position)
        since = newest.since
        reading = self._reading()
        try:
            search = Search(self._client, self._query(since), hidden=self._hidden)
            for items in joined(search.pages, size=PAGE_SIZE, time="updated"):
                records = (record(Issue, item, reading.task) for item in items if not reading.skips(item))
                yield newest.page(each for each in records if _is_news(each, since))
        except UnsteadyError as error:
            raise RemoteResponseError(
                "YouTrack lists the issues in a different order each time: try again later"
            ) from error

    def whereabouts(self, missed: Sequence[Missed]) -> list[Whereabouts]:
        """Where issues are; see `Locator`. They keep their ids when they move, and get another code."""
        fields = "id,idReadable,project(shortName)"
        replies = looked_up(self._client, [f"/issues/{each.external_id}?fields={fields}" for each in missed])
        return [self._where(each, reply) for each, reply in zip(missed, replies, strict=True)]

    def _where(self, missed: Missed, reply: Reply | Absence) -> Whereabouts:
        if isinstance(reply, Absence):
            return Absence.GONE
        issue = wire.read(Located, reply.content, about="YouTrack about an issue")
        return renamed(missed.code, issue.code, project=issue.project.short_name, ours=self._name)

    def _query(self, since: datetime | None) -> str:
        behind = f" updated: {literal(since, self._time_zone())} .. *" if since else ""
        return f"project: {{{self._name}}}{behind} sort by: updated asc"

    @property
    def _name(self) -> str:
        """What the project is called by now, as far as that was asked."""
        return self.project.name if self.project else self._source.place.name

    def _time_zone(self) -> str:
        me = self._asked(Me, "/users/me", "profiles(general(timezone(id)))")
        return me.time_zone if me else ""

    def _reading(self) -> Reading:
        place, fields = self._source.place, self._source.custom_assignee_fields
        return Reading(place.web_url, self._name, self._estimate_field() or ESTIMATE_FIELD, fields)

    def _estimate_field(self) -> str:
        """Return its name; empty when there is none, or the token may not know."""
        try:
            path = f"/admin/projects/{self._name}/timeTrackingSettings"
            settings = self._asked(TimeTracking, path, "estimate(field(name))")
        except RemoteRejectedError:
            return ""
        return settings.estimate_field if settings else ""

    def _asked(self, kind: type[A], path: str, fields: str) -> A | None:
        reply = self._client.ask(Request(path, {"fields": fields}))
        return wire.read(kind, reply.content, about="YouTrack about the project") if reply else None


class Search:
    """What a query finds, from many requests at once."""

    def __init__(self, client: RemoteClient, query: str, *, hidden: str) -> None:
        self._client = client
        self._query = query
        self._hidden = hidden
        self._has_begun = False

    def pages(self, offsets: Iterable[int]) -> Iterator[list[object]]:
        """The pages at these offsets, as long as they are read."""
        replies = self._client.ahead(map(self._request, offsets), AHEAD)
        for reply in found(replies, hidden=self._hidden, is_start=not self._has_begun):
            self._has_begun = True
            yield listed(reply.content, about="YouTrack about issues")

    def _request(self, offset: int) -> Request:
        query = {"query": self._query, "fields": FIELDS, "$top": str(PAGE_SIZE), "$skip": str(offset)}
        return Request("/issues", query)


def literal(time: datetime, zone: str) -> str:
    """Return a time as queries have it, on the clock of this zone; rather too early than too late."""
    try:
        local = (time - TOLD_TWICE).astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        local = (time - ANY_ZONE).astimezone(UTC)
    return local.replace(tzinfo=None).isoformat(timespec="seconds")


def _is_news(each: Record, since: datetime | None) -> bool:
    """Whether this was changed after the position, which the query only knows roughly."""
    return not (since and isinstance(each, TaskRecord) and each.updated_at and each.updated_at < since)
