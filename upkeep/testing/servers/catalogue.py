"""What a stand-in has to know about the system it stands for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from upkeep.testing.servers.faults import PACKERS, Fault

JSON = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """With names in lower case."""
    pairs: Sequence[tuple[str, str]] = ()
    """The query with names that come more than once."""
    body: str = ""

    @classmethod
    def parse(cls, head: bytes) -> "Received":
        """Read everything before the empty line of an HTTP/1.1 request."""
        line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        url = urlsplit(target)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        pairs = parse_qsl(url.query)
        return cls(method, url.path, dict(pairs), headers, pairs)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    keep: int | None = None
    announced: bool = True

    @classmethod
    def of(cls, content: Any, status: int = 200) -> "Reply":
        """Return this content as JSON, letters as they are."""
        return cls(status, json.dumps(content, ensure_ascii=False).encode())

    def with_headers(self, **headers: str) -> "Reply":
        """Return this reply with more headers; `_` in a name stands for `-`."""
        return replace(self, headers={**self.headers, **{name.replace("_", "-"): headers[name] for name in headers}})

    def tagged(self, request: Received) -> "Reply":
        """Return this reply with an ETag, or a 304 when the request has that already."""
        tag = f'W/"{sha256(self.body + repr(self.headers).encode()).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == tag:
            return Reply(304, b"", {"ETag": tag})
        return self.with_headers(ETag=tag)

    def spoilt(self, fault: Fault) -> "Reply":
        """Return this reply with the fault in it."""
        body = self.body if fault.body is None else fault.body.encode()
        if fault.patch or fault.without:
            fields = {name: value for name, value in json.loads(body).items() if name not in fault.without}
            body = json.dumps(fields | dict(fault.patch), ensure_ascii=False).encode()
        for way in fault.packed:
            body = PACKERS[way](body)
        if fault.corrupt:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]
        return replace(
            self,
            body=body,
            headers={**self.headers, **fault.headers},
            keep=fault.keep,
            announced=fault.announced,
        )

    @property
    def wire(self) -> bytes:
        """All bytes to send."""
        sent = self.body if self.keep is None else self.body[: self.keep]
        length = len(self.body if self.announced else sent)
        lines = [f"HTTP/1.1 {self.status} .", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + sent

    @property
    def is_cut(self) -> bool:
        """Whether the connection ends before the body does."""
        return self.keep is not None and self.announced


class Catalogue(Protocol):
    """A system, as pure functions."""

    def key(self, request: Received) -> str:
        """Return which faults the request meets."""

    def reply(self, request: Received) -> Reply:
        """Return the right answer."""

    def error(self, status: int) -> Reply:
        """Return an error as this system words it."""
