"""Bodies that come as gzip (RFC 1952), whatever their headers say about it."""

import zlib
from gzip import BadGzipFile, GzipFile
from io import BytesIO

import httpx2

MAGIC = b"\x1f\x8b"
"""No JSON and no HTML begins so."""

MAX_LAYERS = 3
"""A server packs, and a cache before it packs again; whatever is packed more often stays as it is."""

NAMES = frozenset({"gzip", "x-gzip", "identity"})


class DamagedError(ValueError):
    """It begins as gzip, but is not gzip to its end."""


class OversizedError(ValueError):
    """It is larger than allowed."""


def unpacked(body: bytes, *, largest: int) -> bytes:
    """Return what is in a body that begins as gzip; any other one as it is.

    Raises `OversizedError`, before more than `largest` bytes are made of it, and `DamagedError` when it is cut or
    corrupt.
    """
    for _ in range(MAX_LAYERS):
        if not body.startswith(MAGIC):
            break
        body = _one_layer(body, largest)
    return body


def leave_to_us(headers: httpx2.Headers) -> None:
    """Take gzip out of a response's declared encodings, so that httpx2 does not unpack it.

    httpx2 2.16 reads the first member of a gzip body alone, takes a cut one as complete, and fails at a plain one.
    """
    declared = {name.strip().lower() for name in headers.get_list("content-encoding", split_commas=True)}
    if declared and declared <= NAMES:
        del headers["content-encoding"]


def _one_layer(body: bytes, largest: int) -> bytes:
    try:
        with GzipFile(fileobj=BytesIO(body)) as file:
            content = file.read(largest + 1)
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedError(str(error)) from error
    if len(content) > largest:
        raise OversizedError
    return content
