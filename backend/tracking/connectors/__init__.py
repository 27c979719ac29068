"""The systems that bring tasks and work entries, each as the same kind of plain records."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from backend.tracking.connectors import clockodo, github, gitlab, jira, kimai, toggl, youtrack
from backend.tracking.connectors.source import Connector, Network, Source
from backend.tracking.kernel.kinds import ApiKind

_CONNECT: dict[ApiKind, Callable[[Source, Network], AbstractContextManager[Connector]]] = {
    ApiKind.GITHUB: github.connect,
    ApiKind.GITLAB: gitlab.connect,
    ApiKind.YOUTRACK: youtrack.connect,
    ApiKind.JIRA: jira.connect,
    ApiKind.KIMAI: kimai.connect,
    ApiKind.CLOCKODO: clockodo.connect,
    ApiKind.TOGGL: toggl.connect,
}


def connect(source: Source, network: Network) -> AbstractContextManager[Connector]:
    """The tracker's API until the end of the block.

    Raises RemoteRejectedError when there is no token, or the address is not fit to be asked.
    """
    return _CONNECT[source.kind](source, network)
