"""update_project against servers that take 50 ms a page."""

import asyncio
import os
from collections.abc import Awaitable, Iterator
from types import ModuleType

import httpx2
from django.db import connection
from pydantic import SecretStr

from backend.tracking.connectors.youtrack.answer import FIELDS
from backend.tracking.connectors.youtrack.connector import AHEAD
from backend.tracking.models import Organization, Project, Task, Tracker
from tasks.tracking.update_project import UpdateProject, update_project
from tests.benchmarks import child
from tests.benchmarks.pairs import measured, seconds
from tests.benchmarks.report import Row, at_most
from tests.servers.trackers import github, youtrack
from upkeep.operations.runner import execute
from upkeep.testing.servers.process import Server

DELAY = 0.05
PARAMS = UpdateProject(organization="bench", no_match=True)


def speed(*, quick: bool) -> Iterator[Row]:
    """Beside the same pages fetched and thrown away."""
    number, rounds = (5_000, 1) if quick else (100_000, 2)
    with youtrack.server(records=number, delay=DELAY) as server:
        pairs = measured(
            rounds, lambda: _ours(youtrack, server, number), lambda: asyncio.run(_numbered(server, number))
        )
        yield Row(
            "update_project from YouTrack", f"its pages alone, {AHEAD} at a time, {number:,} tasks",
            pairs.slower, goal=at_most(1.5), ours=f"{pairs.ours:.1f} s", other=f"{pairs.other:.1f} s",
        )  # fmt: skip
        again = seconds(lambda: execute(update_project, PARAMS.model_copy(update={"full": True})))
        yield Row(
            "everything again, nothing changed", "the first time", again / pairs.ours,
            ours=f"{again:.1f} s", other=f"{pairs.ours:.1f} s",
        )  # fmt: skip
    with github.server(records=number, delay=DELAY) as server:
        pairs = measured(1, lambda: _ours(github, server, number), lambda: asyncio.run(_linked(server)))
        yield Row(
            "update_project from GitHub", f"its pages alone, one after the other, {number:,} tasks",
            pairs.slower, goal=at_most(1.25), ours=f"{pairs.ours:.1f} s", other=f"{pairs.other:.1f} s",
        )  # fmt: skip


def memory(*, quick: bool) -> Iterator[Row]:
    """Of the command, for trackers of different sizes."""
    for number in (2_000, 10_000) if quick else (20_000, 100_000):
        with youtrack.server(records=number, delay=0.01) as server:
            _tracker(youtrack, server)
            ended = child.manage("update_project", "bench", "--no-match", "--json", **os.environ)
        yield Row(
            "manage.py update_project", f"{number:,} tasks", ended.megabytes, "MB", at_most(200),
            ours=f"{ended.seconds:.1f} s",
        )  # fmt: skip


def _ours(system: ModuleType, server: Server, number: int) -> float:
    _tracker(system, server)
    took = seconds(lambda: execute(update_project, PARAMS))
    assert Task.objects.count() == number
    return took


def _tracker(system: ModuleType, server: Server) -> None:
    """Nothing is there but an organization with this tracker."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tracking_organization CASCADE")  # loaded rows would count as a child's memory
    organization = Organization.objects.create(code="bench", name="Bench")
    project = Project.objects.create(organization=organization, code="bench", name="Bench")
    tracker = Tracker(project=project, name="tasks", api_kind=system.KIND, api_location=system.location(server.origin))
    tracker.api_token = SecretStr(system.TOKEN)
    tracker.save()


async def _numbered(server: Server, number: int) -> float:
    offsets = iter(range(0, number, youtrack.PAGE))
    query = {"query": f"project: {{{youtrack.NAME}}} sort by: updated asc", "fields": FIELDS, "$top": "100"}
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {youtrack.TOKEN}"}, timeout=None) as client:

        async def ask() -> None:
            for offset in offsets:
                answer = await client.get(f"{server.url}/issues", params=query | {"$skip": str(offset)})
                assert answer.raise_for_status().content

        return await _timed(asyncio.gather(*(ask() for _ in range(AHEAD))))


async def _linked(server: Server) -> float:
    url: str | None = f"{server.url}/repos/{github.REPOSITORY}/issues?state=all&sort=updated&direction=asc&per_page=100"
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {github.TOKEN}"}) as client:

        async def ask() -> None:
            nonlocal url
            while url:
                answer = (await client.get(url)).raise_for_status()
                url = answer.links.get("next", {}).get("url")

        return await _timed(ask())


async def _timed(work: Awaitable[object]) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await work
    return loop.time() - started
