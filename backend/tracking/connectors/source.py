"""What a connector is given, and what it gives."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import httpx2
from pydantic import SecretStr

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.locations import Place
from backend.tracking.kernel.moves import Missed, Whereabouts
from backend.tracking.kernel.names import ProjectFacts
from backend.tracking.kernel.records import RecordPage
from upkeep.remote.answers import Answer
from upkeep.remote.client import RemoteClient, as_usual
from upkeep.remote.keeping import DownloadCache

TIMEOUT = 60.0
"""Seconds for one answer: large pages of a busy server of one's own take a while."""


@dataclass(frozen=True, slots=True)
class Source:
    """A tracker as its connector needs it."""

    kind: ApiKind
    place: Place
    token: SecretStr
    username: str = ""
    custom_assignee_fields: tuple[str, ...] = ()
    """YouTrack: names of the fields that hold assignees; empty: its own."""
    task_fields: tuple[str, ...] = ()
    """Kimai: names of the custom fields that name a task, the first choice first; empty: the usual ones."""
    merge_requests: bool = False
    """GitLab: its merge requests are tasks, too."""


@dataclass(frozen=True, slots=True)
class Network:
    """How requests leave this process."""

    allow_http_hosts: Collection[str] = ()
    redis_url: Callable[[], str] | None = None
    cache: DownloadCache | None = None
    transport: httpx2.AsyncBaseTransport | None = None

    def client(  # noqa: PLR0913 - in which trackers differ
        self,
        service: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        credentials: str = "the api_token",
        requests_per_second: float | None = None,
        assess: Callable[[Answer], None] = as_usual,
    ) -> RemoteClient:
        """Return the client for a tracker's API. Raises RemoteRejectedError for an address that is not fit."""
        return RemoteClient(
            service,
            base_url,
            headers=headers,
            credentials=credentials,
            requests_per_second=requests_per_second,
            timeout=TIMEOUT,
            assess=assess,
            cache=self.cache,
            redis_url=self.redis_url,
            allow_http_hosts=self.allow_http_hosts,
            transport=self.transport,
        )


@runtime_checkable
class Locator(Protocol):
    """A connector of tasks, which can look where one of them is."""

    def whereabouts(self, missed: Sequence[Missed]) -> list[Whereabouts]:
        """Where each of these tasks is, in their order: a complete download did not meet them. Raises RemoteError."""


class Connector(Protocol):
    """A tracker's API, between `with` and the end of its block."""

    @property
    def project(self) -> ProjectFacts | None:
        """What `check` was told of the project; None before, and of trackers of work."""

    def check(self) -> str:
        """What the system itself calls the place. Raises RemoteError when it refuses the token, or hides the place."""

    def pages(self, position: str) -> Iterator[RecordPage]:
        """Everything that changed behind the position of an earlier page; from the start when it is empty.

        The next page is on its way while one is worked on. A record may come more than once; the last one counts.
        Raises RemoteError; what came before it stands.
        """
