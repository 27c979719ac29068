"""Tasks from the issues of a Jira Cloud project: https://developer.atlassian.com/cloud/jira/platform/rest/v3/."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cached_property, partial
from urllib.parse import urlsplit

from backend.tracking.connectors.changes import Newest
from backend.tracking.connectors.jira.answer import FIELDS, Issue, Located, Page, Project, Tenant, task
from backend.tracking.connectors.moments import to_milliseconds
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.wire import assess_query, found, looked_up, record, renamed, token
from backend.tracking.kernel.moves import Absence, Missed, Whereabouts
from backend.tracking.kernel.names import ProjectFacts
from backend.tracking.kernel.records import RecordPage
from upkeep.remote import wire
from upkeep.remote.answers import Answer, Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError
from upkeep.remote.exchange import Request

PAGE_SIZE = 100

CLOUD = ".atlassian.net"
GATEWAY = "https://api.atlassian.com/ex/jira"
"""The host for tokens with scopes and those of service accounts, which a site itself refuses."""


class UnknownTokenError(RemoteRejectedError):
    """Jira does not know the token, at least not on this host."""


@contextmanager
def connect(source: Source, network: Network) -> Iterator[Connector]:
    """Give access to the project until the end of the block.

    Raises RemoteRejectedError when there is no token or no username, or the address is invalid.
    """
    with ExitStack() as stack:
        yield Jira(source, network, stack)


class Jira:
    """The issues of one project."""

    def __init__(self, source: Source, network: Network, stack: ExitStack) -> None:
        self.project: ProjectFacts | None = None
        self._place = source.place
        self._network = network
        self._open = partial(_opened, source, network, stack)
        self._site = self._open(source.place.api_url)

    def check(self) -> str:
        """What Jira calls the project. Raises RemoteError."""
        reply = self._client.ask(Request(f"/project/{self._place.name}"))
        if reply is None:
            raise RemoteRejectedError(_hidden(self._place.name))
        project = wire.read(Project, reply.content, about="Jira about the project")
        self.project = ProjectFacts(project.id, project.key or self._place.name)
        return project.name

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed after the position; see `Connector`."""
        newest = Newest.at(position)
        reading = Reading(self._name, newest.since)
        make = partial(task, web_url=self._place.web_url)
        replies = self._client.chain(reading.request(), reading.following)
        for reply in found(replies, hidden=_hidden(self._place.name)):
            yield newest.page(record(Issue, item, make) for item in _page(reply).issues)

    def whereabouts(self, missed: Sequence[Missed]) -> list[Whereabouts]:
        """Where issues are; see `Locator`. They keep their ids when they move, and get another key."""
        replies = looked_up(self._client, [f"/issue/{each.external_id}?fields=summary" for each in missed])
        return [self._where(each, reply) for each, reply in zip(missed, replies, strict=True)]

    def _where(self, missed: Missed, reply: Reply | Absence) -> Whereabouts:
        if isinstance(reply, Absence):
            return Absence.GONE
        key = wire.read(Located, reply.content, about="Jira about an issue").key
        return renamed(missed.code, key, project=key.rpartition("-")[0], ours=self._name)

    @property
    def _name(self) -> str:
        """What the project is called by now, as far as that was asked."""
        return self.project.name if self.project else self._place.name

    @cached_property
    def _client(self) -> RemoteClient:
        """Whichever host knows the token. Without one, a search would just find nothing. Raises RemoteError."""
        try:
            return _greeted(self._site, self._place.name)
        except UnknownTokenError:
            host = urlsplit(self._place.web_url).hostname or ""
            tenant = self._tenant() if host.endswith(CLOUD) else None
            if tenant is None:
                raise
        return _greeted(self._open(f"{GATEWAY}/{tenant.cloud_id}/rest/api/3"), self._place.name)

    def _tenant(self) -> Tenant | None:
        """What the site says to everybody; the token that it refuses is not sent."""
        with self._network.client("Jira", self._place.web_url, headers={}, credentials="") as client:
            try:
                reply = client.ask(Request("/_edge/tenant_info"))
            except RemoteRejectedError:
                return None
        return wire.read(Tenant, reply.content, about="Jira about its site") if reply else None


class Reading:
    """One walk through the issues by the time of their last change, the oldest first."""

    def __init__(self, project: str, since: datetime | None) -> None:
        # Days and hours would be those of the token's user; milliseconds are everybody's.
        behind = f" AND updated >= {to_milliseconds(since)}" if since else ""
        self._jql = f'project = "{project}"{behind} ORDER BY updated ASC, key ASC'
        self._tokens: set[str] = set()

    def request(self, page: str | None = None) -> Request:
        """The page that this token stands for, or the first one."""
        body = {"jql": self._jql, "fields": FIELDS, "maxResults": PAGE_SIZE}
        return Request("/search/jql", json=body | ({"nextPageToken": page} if page else {}))

    def following(self, reply: Reply) -> Request | None:
        """The page after this one, which may be empty. Raises RemoteResponseError when that was read before."""
        page = _page(reply)
        if not page.next_page_token:
            return None
        if page.next_page_token in self._tokens:
            raise RemoteResponseError("Jira goes round in circles from page to page: try again later")
        self._tokens.add(page.next_page_token)
        return self.request(page.next_page_token)


def _opened(source: Source, network: Network, stack: ExitStack, api_url: str) -> RemoteClient:
    if not source.username:
        raise RemoteRejectedError(
            f"api_username is missing for jira {source.place.name}: it is the e-mail address of the token's owner"
        )
    login = b64encode(f"{source.username}:{token(source)}".encode()).decode()
    client = network.client(
        "Jira",
        api_url,
        headers={"Authorization": f"Basic {login}"},
        assess=_assess,
    )
    return stack.enter_context(client)


def _greeted(client: RemoteClient, project: str) -> RemoteClient:
    """Return the client when its host knows who asks."""
    if client.ask(Request("/myself")) is None:
        raise RemoteRejectedError(_hidden(project))
    return client


def _assess(answer: Answer) -> None:
    """Raise what Jira says in its own way: who is not known may search, and finds nothing."""
    is_unknown = "FAILED" in answer.headers.get("x-seraph-loginreason", "")
    if answer.status == 401 or is_unknown:  # noqa: PLR2004 - Unauthorized
        raise UnknownTokenError(
            f"Jira refused the api_token ({answer.status}): check it, and that api_username owns it"
        )
    assess_query(answer)


def _hidden(project: str) -> str:
    return f"Jira has no project {project}, or the api_token may not see it"


def _page(reply: Reply) -> Page:
    return wire.read(Page, reply.content, about="Jira about issues")
