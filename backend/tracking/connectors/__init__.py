"""The systems that bring tasks and work entries, each as the same kind of plain records.

A folder for each kind of tracker: its `connector.connect` asks the API, its `answer` says what answers look like.
"""

from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, cast

from backend.tracking.connectors.source import Connector, Source

if TYPE_CHECKING:
    from backend.tracking.connectors.network import Network


def connect(source: Source, network: "Network") -> AbstractContextManager[Connector]:
    """The tracker's API until the end of the block.

    Raises RemoteRejectedError when there is no token, or the address is invalid.
    """
    connector = import_module(f"{__name__}.{source.kind}.connector")  # a process needs few of them, and most none
    return cast("AbstractContextManager[Connector]", connector.connect(source, network))
