"""Tasks from the issues and merge requests of a GitLab project: https://docs.gitlab.com/api/issues/."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from backend.tracking.connectors.changes import Newest, Return, Seam, changed
from backend.tracking.connectors.gitlab.answer import MERGE_REQUEST, Issue, Located, MergeRequest, Project
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.wire import listed, looked_up, next_link, record, token
from backend.tracking.kernel.locations import quoted
from backend.tracking.kernel.moves import Absence, Elsewhere, Missed, Whereabouts
from backend.tracking.kernel.names import ProjectFacts
from backend.tracking.kernel.records import Record, RecordPage
from upkeep.remote import wire
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError
from upkeep.remote.exchange import Request

CLOUD = "https://gitlab.com"

REQUESTS_PER_SECOND = 33.0
"""GitLab.com's own limit, 2,000 a minute; on a server of one's own the administrator sets it."""

PAGE_SIZE = 100


@contextmanager
def connect(source: Source, network: Network) -> Iterator[Connector]:
    """Give access to the project until the end of the block.

    Raises RemoteRejectedError when there is no token, or the address is invalid.
    """
    client = network.client(
        "GitLab",
        source.place.api_url,
        headers={"PRIVATE-TOKEN": token(source)},
        requests_per_second=REQUESTS_PER_SECOND if source.place.web_url == CLOUD else None,
    )
    with client:
        yield GitLab(client, source.place.name, merge_requests=source.merge_requests)


class GitLab:
    """The issues of one project, and its merge requests, if they are wanted."""

    def __init__(self, client: RemoteClient, project: str, *, merge_requests: bool = False) -> None:
        self._client = client
        self._merge_requests = merge_requests
        self._path = f"/projects/{quoted(project)}"
        self.project: ProjectFacts | None = None
        self._hidden = f"GitLab has no project {project}, or the api_token may not see it"

    def check(self) -> str:
        """What GitLab calls the project. Raises RemoteError."""
        reply = self._client.ask(Request(self._path))
        if reply is None:
            raise RemoteRejectedError(self._hidden)
        project = wire.read(Project, reply.content, about="GitLab about the project")
        if project.issues_enabled is False:
            raise RemoteRejectedError(f"Issues are disabled in the GitLab project {project.path_with_namespace}")
        if self._merge_requests and project.merge_requests_enabled is False:
            raise RemoteRejectedError(
                f"Merge requests are disabled in the GitLab project {project.path_with_namespace}"
            )
        self.project = project.facts
        return project.path_with_namespace

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed after the position; see `Connector`.

        A position is that of the issues, and after a blank that of the merge requests.
        """
        issues, _, merge_requests = position.partition(" ")
        for page in self._pages(ISSUES, issues):
            issues = page.position
            yield replace(page, position=f"{issues} {merge_requests}".rstrip())
        if self._merge_requests:
            for page in self._pages(MERGE_REQUESTS, merge_requests):
                yield replace(page, position=f"{issues} {page.position}".rstrip())

    def whereabouts(self, missed: Sequence[Missed]) -> list[Whereabouts]:
        """Where issues and merge requests are; see `Locator`. Merge requests that are not wanted count as gone."""
        asked = [each for each in missed if self._merge_requests or not each.code.startswith("!")]
        replies = looked_up(self._client, [self._path_of(each) for each in asked])
        found = {each.pk: _where(each, reply) for each, reply in zip(asked, replies, strict=True)}
        return [found.get(each.pk, Absence.GONE) for each in missed]

    def _path_of(self, missed: Missed) -> str:
        listing = MERGE_REQUESTS if missed.code.startswith("!") else ISSUES
        return f"{self._path}/{listing.path}/{missed.code[1:]}"

    def _pages(self, listing: "Listing", position: str) -> Iterator[RecordPage]:
        newest, seam = Newest.at(position), Seam("updated_at")
        reading, position = Reading(f"{self._path}/{listing.path}", newest.since), newest.page([]).position
        for reply in self._client.chain(reading.request, reading.following):
            if reply is None:
                raise RemoteRejectedError(self._hidden)
            page = newest.page(map(listing.record, seam.new(_items(reply))))
            position = position if reading.is_open else page.position
            yield replace(page, position=position)


@dataclass(frozen=True, slots=True)
class Listing:
    """One of the lists of a project that hold tasks."""

    path: str
    kind: type[Issue | MergeRequest]
    prefix: str = ""
    """Of external ids."""

    def record(self, item: object) -> Record:
        """The item in our own terms."""
        return record(self.kind, item, lambda answer: answer.task, prefix=self.prefix)


ISSUES = Listing("issues", Issue)
MERGE_REQUESTS = Listing("merge_requests", MergeRequest, MERGE_REQUEST)


class Reading:
    """One walk through the issues by the time of their last change, the oldest first.

    A page begins at the time where the one before ended, so that none is missed when others move to the end meanwhile.
    Only when a whole page was changed at once, the next one is asked for by its number, and all of these pages are read
    once more on the way back.
    """

    def __init__(self, path: str, since: datetime | None) -> None:
        self._path = path
        self._since = since
        self._page = 1
        self._same: list[object] = []
        self._back = Return()

    @property
    def is_open(self) -> bool:
        """Whether issues that came before may yet be missing."""
        return self._back.is_open

    @property
    def request(self) -> Request:
        """The page to read."""
        query = {"order_by": "updated_at", "sort": "asc", "per_page": str(PAGE_SIZE), "page": str(self._page)}
        if self._since:
            query["updated_after"] = self._since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return Request(self._path, query)

    def following(self, reply: Reply) -> Request | None:
        """The page after this one. Raises RemoteResponseError when it is this one again."""
        if self._back.is_begun:
            return self._back.step()
        items = _items(reply)
        if _is_last(reply):
            return self._back.begin(None)
        if items == self._same:
            raise RemoteResponseError("GitLab sent the same page again as the next one")
        end = next(filter(None, map(changed, reversed(items))), None)
        if end and (self._since is None or end > self._since):
            self._since, self._page, self._same = end, 1, []
            return self._back.begin(self.request)
        self._back.count(self.request)
        self._page, self._same = self._page + 1, items
        return self.request


def _where(missed: Missed, reply: Reply | Absence) -> Whereabouts:
    if isinstance(reply, Absence):
        return Absence.GONE
    found = wire.read(Located, reply.content, about="GitLab about an issue")
    if found.id != missed.external_id.removeprefix(MERGE_REQUEST):
        return Absence.GONE
    return Elsewhere(found.moved_to_id) if found.moved_to_id and found.state == "closed" else Absence.HERE


def _is_last(reply: Reply) -> bool:
    """Whether no page follows, as the headers say; without them, when this one is not full."""
    if "x-next-page" in reply.headers:
        return not reply.headers["x-next-page"]
    if "link" in reply.headers:
        return next_link(reply.headers["link"]) is None
    return len(reply.content) < PAGE_SIZE


def _items(reply: Reply) -> list[object]:
    return listed(reply.content, about="GitLab about issues")
