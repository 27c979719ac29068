"""Any of the other systems of tasks, whose project gets another name while the stand-in runs.

GitHub and GitLab redirect who asks for the old name, to a path with the project's id; Jira and YouTrack just answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, build_opener

from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

RENAME = "/rename"
OLD = {"github": "someone/any.thing", "gitlab": "group/sub/project", "jira": "DEMO", "youtrack": "DEMO"}
NEW = {"github": "acme/shop", "gitlab": "acme/tools/shop", "jira": "SHOP", "youtrack": "SHOP"}
BY_ID = {"github": ("/repos/someone/any.thing", "/repositories/1"), "gitlab": (quote(OLD["gitlab"], ""), "77")}


class Catalogue:
    """Calls the project by its old name inside, and by the new one outside as soon as it is renamed."""

    def __init__(self, *, system: str, **options: Any) -> None:
        self._inner = import_module(f"tests.servers.trackers.{system}").Catalogue(**options)
        self._old, self._new = OLD[system], NEW[system]
        self._by_id = BY_ID.get(system)
        self._is_renamed = False

    def key(self, request: Received) -> str:
        return str(self._inner.key(request))

    def reply(self, request: Received) -> Reply:
        if request.path == RENAME:
            self._is_renamed = True
            return Reply.of({})
        if not self._is_renamed:
            reply: Reply = self._inner.reply(request)
            return reply
        if self._by_id and self._by_id[0] in request.path:
            query = f"?{urlencode(request.pairs)}" if request.pairs else ""
            target = f"http://{request.headers['host']}{request.path.replace(*self._by_id)}{query}"
            return Reply(301, b"Moved").with_headers(Location=target)
        reply = self._inner.reply(self._inside(request))
        headers = {name: self._outside(value) for name, value in reply.headers.items()}
        return replace(reply, body=self._outside(reply.body.decode()).encode(), headers=headers)

    def error(self, status: int) -> Reply:
        reply: Reply = self._inner.error(status)
        return reply

    def _inside(self, request: Received) -> Received:
        path = request.path.replace(self._by_id[1], self._by_id[0]) if self._by_id else request.path
        for new, old in ((self._new, self._old), (quote(self._new, ""), quote(self._old, ""))):
            path = path.replace(new, old)
        query = {name: value.replace(self._new, self._old) for name, value in request.query.items()}
        return replace(request, path=path, query=query, body=request.body.replace(self._new, self._old))

    def _outside(self, text: str) -> str:
        return text.replace(self._old, self._new).replace("/-/issues/", "/-/work_items/")


@contextmanager
def server(system: ModuleType, *, records: int) -> Iterator[Server]:
    """Run the stand-in of a system."""
    name = system.__name__.rpartition(".")[2]
    options = {"at_once": False, "moves": False, "broken": 0, "surprises": True} if name == "github" else {}
    with running(__name__, path=system.PATH, delay=0.0, limit=None, records=records, system=name, **options) as started:
        yield started


def rename(server: Server) -> None:
    """Give the project its new name."""
    with build_opener(ProxyHandler({})).open(f"{server.origin}{RENAME}", timeout=5):
        pass


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
