"""What a connector is given, and what it gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.locations import Place
from backend.tracking.kernel.moves import Missed, Whereabouts
from backend.tracking.kernel.names import ProjectFacts
from backend.tracking.kernel.records import RecordPage


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
        """Everything that changed after the position of an earlier page; from the start when it is empty.

        The next page is on its way while one is worked on. A record may come more than once; the last one counts.
        Raises RemoteError; what came before it stands.
        """
