"""Answers kept between downloads, so that what did not change is not sent again (RFC 9110, 13.1.2)."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import httpx2
from pydantic import TypeAdapter

from upkeep.remote.answers import Answer

HEADERS = TypeAdapter(dict[str, str])

UNKEPT = frozenset({"content-encoding", "content-length", "set-cookie", "transfer-encoding"})
"""Headers about the way an answer came, or for one recipient."""


class DownloadCache(Protocol):
    """Keeps bytes for a while. What it cannot read or store it forgets, and raises nothing."""

    def get(self, key: str) -> bytes | None:
        """What was kept under that key; as quick as a file, since all other requests wait for it."""

    def set(self, key: str, value: bytes) -> None:
        """Keep it, for as long as the cache likes."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps the answers that carry an ETag, apart for everything that was sent along, the credentials above all."""

    service: str
    cache: DownloadCache | None

    def find(self, request: httpx2.Request) -> Answer | None:
        """What was kept for this request, or nothing."""
        if self.cache is None or request.method != "GET":
            return None
        return _unpacked(self.service, self.cache.get(_key(request)))

    def keep(self, request: httpx2.Request, answer: Answer) -> None:
        """Keep an answer that was understood, if it can be asked for by its ETag."""
        if self.cache is None or request.method != "GET" or answer.is_kept or "etag" not in answer.headers:
            return
        self.cache.set(_key(request), _packed(answer))


def revalidated(kept: Answer, headers: httpx2.Headers) -> Answer:
    """The kept answer with what a 304 has to add (RFC 9111, 3.2)."""
    merged = httpx2.Headers(kept.headers)
    merged.update({name: value for name, value in headers.items() if name.lower() not in UNKEPT})
    return Answer(kept.service, kept.status, merged, kept.body, is_kept=True)


def _key(request: httpx2.Request) -> str:
    sent = sorted(f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "if-none-match")
    return sha256("\n".join([str(request.url), *sent]).encode()).hexdigest()


def _packed(answer: Answer) -> bytes:
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in UNKEPT and value.isascii()}
    return HEADERS.dump_json(headers) + b"\n" + answer.body


def _unpacked(service: str, value: object) -> Answer | None:
    if not isinstance(value, bytes):
        return None
    head, _, body = value.partition(b"\n")
    try:
        headers = httpx2.Headers(HEADERS.validate_json(head))
    except ValueError:
        return None
    return Answer(service, httpx2.codes.OK, headers, body, is_kept=True) if "etag" in headers else None
