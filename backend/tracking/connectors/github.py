from contextlib import AbstractContextManager

from backend.tracking.connectors.source import Connector, Network, Source


def connect(source: Source, network: Network) -> AbstractContextManager[Connector]:
    """Not there yet."""
    raise NotImplementedError
