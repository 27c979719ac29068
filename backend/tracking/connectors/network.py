"""How a connector's requests leave this process."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import httpx2

from upkeep.remote.answers import Answer
from upkeep.remote.client import RemoteClient, as_usual
from upkeep.remote.keeping import DownloadCache
from upkeep.remote.proxies import Proxy

MAX_REPLIES = 10_000
"""In one download; a million issues, or five million work entries, are read by that."""

TIMEOUT = 60.0
"""Seconds for one answer: large pages of a busy server of one's own take a while."""


@dataclass(frozen=True, slots=True)
class Network:
    """How requests leave this process."""

    allow_http_hosts: Collection[str] = ()
    proxy: Proxy | None = None
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
        """Return the client for a tracker's API. Raises RemoteRejectedError for an invalid address."""
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
            proxy=self.proxy,
            max_replies=MAX_REPLIES,
            transport=self.transport,
        )
