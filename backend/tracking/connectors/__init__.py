"""The systems that bring tasks and work entries, each as the same kind of plain records."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from backend.tracking.connectors.clockodo import connector as clockodo
from backend.tracking.connectors.github import connector as github
from backend.tracking.connectors.gitlab import connector as gitlab
from backend.tracking.connectors.jira import connector as jira
from backend.tracking.connectors.kimai import connector as kimai
from backend.tracking.connectors.source import Connector, Network, Source
from backend.tracking.connectors.toggl import connector as toggl
from backend.tracking.connectors.youtrack import connector as youtrack
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
