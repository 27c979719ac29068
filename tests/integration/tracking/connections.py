"""Connectors as tests use them: connected with a stand-in."""

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any, Protocol, cast

from pydantic import SecretStr

from backend.tracking import connectors
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Connector, Source
from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.locations import parsed
from backend.tracking.kernel.records import BrokenRecord, Record, RecordPage, TaskRecord, WorkRecord
from tests.servers.trackers.changes import ORIGIN
from upkeep.remote.keeping import DownloadCache
from upkeep.testing.servers.process import Server

HOSTS = ("127.0.0.1",)

LOCAL = re.compile(r"^http://127\.0\.0\.1:[0-9]+")


class Tracker(Protocol):
    """A module that stands in for a system.

    Record n changed, or happened, later than record n - 1, so that more records than before are new ones. Neither the
    records nor a position depend on the address of the server, but for URLs: there `ORIGIN` stands for it.
    """

    KIND: ApiKind
    TOKEN: str
    USERNAME: str
    PAGE: int

    def location(self, origin: str) -> str:
        """What a user would copy."""

    def server(self, *, records: int = ..., **options: Any) -> AbstractContextManager[Server]:
        """Run it: `moves=True`: record 1 is changed after a page was read; `broken=n`: nobody understands record n."""

    def expected(self, number: int) -> TaskRecord | WorkRecord:
        """What record `number` is to come out as."""


def tracker(module: ModuleType) -> Tracker:
    return cast("Tracker", module)


@contextmanager
def connected(
    system: Tracker,
    server: Server,
    *,
    token: str | None = None,
    location: str = "",
    cache: DownloadCache | None = None,
    **options: Any,
) -> Iterator[Connector]:
    source = Source(
        system.KIND,
        parsed(system.KIND, location or system.location(server.origin)),
        SecretStr(system.TOKEN if token is None else token),
        system.USERNAME,
        **options,
    )
    with connectors.connect(source, Network(allow_http_hosts=HOSTS, cache=cache)) as connector:
        yield connector


def read(system: Tracker, server: Server, position: str = "", **options: Any) -> list[RecordPage]:
    with connected(system, server, **options) as connector:
        return list(connector.pages(position))


def by_id(pages: Iterable[RecordPage]) -> dict[str, Record]:
    """Return the records; of one that came more than once, the last."""
    return {record.external_id: at_home(record) for page in pages for record in page.records}


def at_home(record: Record) -> Record:
    """Return the record as a server with an address of its own would have it."""
    return replace(record, url=LOCAL.sub(ORIGIN, record.url)) if isinstance(record, TaskRecord) else record


def all_expected(system: Tracker, count: int) -> dict[str, Record]:
    return {record.external_id: record for record in map(system.expected, range(1, count + 1))}


def broken(pages: Iterable[RecordPage]) -> list[BrokenRecord]:
    return [record for page in pages for record in page.records if isinstance(record, BrokenRecord)]
