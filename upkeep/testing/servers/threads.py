"""A stand-in within the process of the tests: the short way."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from upkeep.testing.servers.catalogue import Catalogue
from upkeep.testing.servers.process import Server
from upkeep.testing.servers.protocol import Connection, Stand


@contextmanager
def serving(catalogue: Catalogue, *, path: str = "", delay: float = 0.0, limit: int | None = None) -> Iterator[Server]:
    """Serve the catalogue on a free port of this machine until the end of the block.

    Args:
        catalogue: what the system answers.
        path: of the API below the server's address.
        delay: seconds before each answer.
        limit: requests a second, above which it answers 429.
    """
    loop = asyncio.new_event_loop()
    stand = Stand(catalogue, delay=delay, limit=limit)
    server = loop.run_until_complete(loop.create_server(lambda: Connection(stand), "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever, name="stand-in", daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", path)
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server, stand), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _closed(server: asyncio.Server, stand: Stand) -> None:
    """Close the server and its connections: whoever asks may keep them for the next request."""
    server.close()
    for transport in list(stand.open):
        transport.abort()
    while stand.open:  # noqa: ASYNC110 - until the loop has called them back
        await asyncio.sleep(0)
