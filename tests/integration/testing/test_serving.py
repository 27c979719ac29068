"""A stand-in within the process of the tests leaves nothing behind."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.servers.yts import Catalogue
from upkeep.testing.servers.threads import serving


def test_a_connection_that_is_kept_open_ends_with_the_block() -> None:
    with serving(Catalogue()) as server:
        connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        connection.request("GET", "/")
        assert connection.getresponse().read()
        assert connection.sock
    try:
        assert connection.sock.recv(1) == b""
    except ConnectionResetError:
        pass
    finally:
        connection.close()
