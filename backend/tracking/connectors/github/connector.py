"""Tasks from the issues of a GitHub repository: https://docs.github.com/en/rest/issues/issues."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from backend.tracking.connectors import spans
from backend.tracking.connectors.changes import Return, before, changed
from backend.tracking.connectors.github import limits
from backend.tracking.connectors.github.answer import Issue, Located, Repository
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.connectors.wire import listed, looked_up, next_link, record, token
from backend.tracking.kernel.moves import Absence, Elsewhere, Missed, Whereabouts
from backend.tracking.kernel.names import ProjectFacts
from backend.tracking.kernel.records import Record, RecordPage
from upkeep.remote import wire
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteGoneError, RemoteRejectedError, RemoteResponseError
from upkeep.remote.exchange import Request

CLOUD = "https://api.github.com"

REQUESTS_PER_SECOND = 15.0
"""GitHub's own limit for GETs, 900 a minute; a server of one's own has none."""

PAGE_SIZE = 100

OVERLAP = timedelta(minutes=1)
"""For changes that are reported late."""

TICK = timedelta(seconds=1)
"""The smallest step of GitHub's clock."""


@contextmanager
def connect(source: Source, network: Network) -> Iterator[Connector]:
    """Give access to the repository until the end of the block.

    Raises RemoteRejectedError when there is no token, or the address is invalid.
    """
    client = network.client(
        "GitHub",
        source.place.api_url,
        headers={
            "Authorization": f"Bearer {token(source)}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        requests_per_second=REQUESTS_PER_SECOND if source.place.api_url == CLOUD else None,
        assess=limits.assess,
    )
    with client:
        yield GitHub(client, source.place.name)


class GitHub:
    """The issues of one repository."""

    def __init__(self, client: RemoteClient, repository: str) -> None:
        self._client = client
        self._repository = self._full_name = repository
        self._path = f"/repos/{repository}"
        self.project: ProjectFacts | None = None
        self._hidden = f"GitHub has no repository {repository}, or the api_token may not see it"

    def check(self) -> str:
        """What GitHub calls the repository. Raises RemoteError."""
        reply = self._client.ask(Request(self._path))
        if reply is None:
            raise RemoteRejectedError(self._hidden)
        repository = wire.read(Repository, reply.content, about="GitHub about the repository")
        if repository.has_issues is False:
            raise RemoteRejectedError(f"Issues are disabled in the GitHub repository {repository.full_name}")
        self.project = repository.facts
        self._full_name = repository.full_name
        return repository.full_name

    def whereabouts(self, missed: Sequence[Missed]) -> list[Whereabouts]:
        """Where issues are; see `Locator`. A transferred one leads to the new one (301), a deleted one is gone (410).

        One that was transferred to where the token may not look is hidden, as if there had never been one (404).
        """
        paths = [f"{self._path}/issues/{each.code.removeprefix('#')}" for each in missed]
        found = zip(missed, looked_up(self._client, paths), strict=True)
        return [self._where(each, reply) for each, reply in found]

    def _where(self, missed: Missed, reply: Reply | Absence) -> Whereabouts:
        if isinstance(reply, Absence):
            return reply
        issue = wire.read(Located, reply.content, about="GitHub about an issue")
        if issue.id == missed.external_id:
            return Absence.HERE
        names = {self._full_name.lower(), self._repository.lower()}
        return Absence.GONE if issue.repository.lower() in names else Elsewhere(issue.id)

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed after the position; see `Connector`."""
        reading = Reading(f"{self._path}/issues", position)
        try:
            for reply in self._client.chain(reading.first(), reading.following):
                if reply is None:
                    raise RemoteRejectedError(self._hidden)
                yield RecordPage(_records(reply), reading.position)
        except RemoteGoneError as error:
            raise RemoteRejectedError(f"Issues are disabled in the GitHub repository {self._full_name}") from error


class Reading:
    """One walk through the issues by the time of their last change, the oldest first.

    A page begins at the time where the one before ended, and so no issue is missed when others move to the end
    meanwhile, as they do whenever somebody changes them. Only when a whole page is of one moment, GitHub's own link to
    the next one is followed, and all of these pages are read once more on the way back.
    """

    def __init__(self, path: str, position: str) -> None:
        self._path = path
        self._newest = self._settled = _moment(position)
        self._first = self._last = self._request(self._newest)
        self._asked = {repr(self._first)}
        self._back = Return()

    @property
    def position(self) -> str:
        """Where another walk brings what this one did not, up to the last reply that something was to follow."""
        return _text(self._settled and spans.not_ahead(self._settled))

    def first(self) -> Request:
        """The first page."""
        return self._first

    def following(self, reply: Reply) -> Request | None:
        """The page after this one. Raises RemoteResponseError when that was read before."""
        request = self._back.step() if self._back.is_begun else self._onward(reply)
        if not self._back.is_open:
            self._settled = self._newest
        return request

    def _onward(self, reply: Reply) -> Request | None:
        changes = sorted(filter(None, map(changed, _items(reply))))
        newest = before(changes[-1], OVERLAP) if changes else None
        if newest and (self._newest is None or newest > self._newest):
            self._newest = newest
        link = next_link(reply.headers.get("link", ""))
        if link is None:
            return self._back.begin(None)
        leads_on = bool(changes) and changes[-1] - changes[0] > TICK
        request = self._request(changes[-1] - TICK) if leads_on else Request(link)
        if repr(request) in self._asked:
            raise RemoteResponseError("GitHub named the same page again as the next one")
        self._asked.add(repr(request))
        asked, self._last = self._last, request
        if leads_on:
            return self._back.begin(request)
        self._back.count(asked)
        return request

    def _request(self, since: datetime | None) -> Request:
        query = {"state": "all", "sort": "updated", "direction": "asc", "per_page": str(PAGE_SIZE)}
        return Request(self._path, query | ({"since": _text(since)} if since else {}))


def _records(reply: Reply) -> tuple[Record, ...]:
    """The issues; a list of them has the pull requests, too."""
    issues = [item for item in _items(reply) if not (isinstance(item, dict) and "pull_request" in item)]
    return tuple(record(Issue, issue, lambda answer: answer.task) for issue in issues)


def _items(reply: Reply) -> list[object]:
    return listed(reply.content, about="GitHub about issues")


def _moment(position: str) -> datetime | None:
    """The time that a position means; None for the start, and for one that is not understood."""
    try:
        return datetime.fromisoformat(position).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else ""
