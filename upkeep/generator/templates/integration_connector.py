"""An API that is asked about one row at a time: `GET /items/CODE`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from upkeep.generator.templates.integration_kernel import Found, Outcome, Row
from upkeep.remote import answers, wire
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteResponseError
from upkeep.remote.exchange import Request

REQUESTS_PER_SECOND = 10


class Connector:
    """Asks about many rows at once."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    def outcomes(self, rows: Sequence[Row]) -> dict[str, Outcome]:
        """What the API says of each row, by code. Raises RemoteError when it is down."""
        asked = [row["code"] for row in rows]
        requests = [Request(f"/items/{quote(each, safe='')}") for each in asked]
        replies = self._client.map(requests)
        return {each: _read(each, reply) for each, reply in zip(asked, replies, strict=True)}


@contextmanager
def connected(base_url: str) -> Iterator[Connector]:
    """The API until the end of the block: asked at this pace, and again where it was overloaded."""
    with RemoteClient(
        "the API",
        base_url,
        requests_per_second=REQUESTS_PER_SECOND,
        allow_http_hosts=("localhost", "127.0.0.1"),
    ) as client:
        yield Connector(client)


def _read(asked: str, reply: answers.Outcome) -> Outcome:
    if not isinstance(reply, answers.Reply):
        return reply
    try:
        return wire.read(Found, reply.content, about=f"the API about {asked}")
    except RemoteResponseError as error:
        return error
