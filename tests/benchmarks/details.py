"""refresh_missing_details against a server that takes 50 ms an answer."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
from django.test import override_settings

from backend.collection import services
from backend.collection.kernel.movie import ExternalIds
from backend.collection.models import DVD
from backend.collection.tmdb import EVERYTHING
from tasks.collection.refresh_missing_details import RefreshMissingDetails, refresh_missing_details
from tests.benchmarks import child, database
from tests.benchmarks.pairs import measured, seconds, seconds_of_each
from tests.benchmarks.report import Row, at_least, at_most
from tests.servers.tmdb import KEY, tmdb_server
from upkeep.operations.runner import execute
from upkeep.testing.servers.process import Server
from upkeep.testing.servers.protocol import Counts

DELAY = 0.05
CONCURRENCY = 20
ALLOWED = 40
"""Requests in any window of a second."""


def speed(*, quick: bool) -> Iterator[Row]:
    """Beside the plain loop, and beside requests alone."""
    number, plain_number, rounds = (300, 8, 1) if quick else (800, 20, 3)
    with tmdb_server(delay=DELAY) as server, _settings(server, requests_per_second=1e6):
        plain = measured(rounds, lambda: _ours(number) / number, lambda: _plainly(server, plain_number) / plain_number)
        yield Row(
            "refresh_missing_details", "a loop: 4 requests and a save() a DVD",
            plain.faster, goal=at_least(60), ours=f"{1 / plain.ours:.0f} DVDs/s", other=f"{1 / plain.other:.1f} DVDs/s",
        )  # fmt: skip
        bare = measured(rounds, lambda: _ours(number), lambda: asyncio.run(_barely(server, number)))
        yield Row(
            "refresh_missing_details", f"a bare fetching loop with the same client, {CONCURRENCY} at a time",
            bare.faster, goal=at_least(0.85), ours=f"{number / bare.ours:.0f} DVDs/s",
            other=f"{number / bare.other:.0f} requests/s",
        )  # fmt: skip


def rate(*, quick: bool) -> Iterator[Row]:
    """How much of an allowed rate is used, and how often the server refuses."""
    number = 120 if quick else 400
    with tmdb_server(delay=DELAY, limit=ALLOWED) as server, _settings(server, requests_per_second=ALLOWED):
        _ours(number)
        seen = server.stats()
    yield from _kept("refresh_missing_details", seen, f"{number} DVDs")


def shared_rate(*, quick: bool) -> Iterator[Row]:
    """The same for two processes that ask at the same time."""
    number = 60 if quick else 200
    with tmdb_server(delay=DELAY, limit=ALLOWED) as server, ThreadPoolExecutor(2) as pool:
        environment = {
            **os.environ,
            "TMDB_API_KEY": KEY,
            "TMDB_API_URL": server.url,
            "TMDB_REQUESTS_PER_SECOND": str(ALLOWED),
        }
        path = f"{__name__}.asked"
        processes = [pool.submit(lambda: list(child.found(path, environment, number=number))) for _ in range(2)]
        assert [process.result() for process in processes] == [[{"answered": number}]] * 2
        seen = server.stats()
    yield from _kept("two processes that ask TMDB", seen, f"{number} films each")


def asked(*, number: int) -> Iterator[dict[str, int]]:
    """What one of those processes does."""
    with services.tmdb() as tmdb:
        found = tmdb.external_ids([{"pk": tmdb_id, "name": "", "tmdb_id": tmdb_id} for tmdb_id in range(1, number + 1)])
    yield {"answered": sum(isinstance(answer, ExternalIds) for answer in found.values())}


def _kept(name: str, seen: Counts, work: str) -> Iterator[Row]:
    kept = (len(seen.arrivals) - 1) / (seen.arrivals[-1] - seen.arrivals[0])
    allowed = f"{ALLOWED} a second allowed"
    yield Row(name, "requests a second", kept, "/s", at_least(37), work, allowed)
    yield Row(name, "answers 429", seen.refused, "refused", at_most(0), work, allowed)


def _settings(server: Server, *, requests_per_second: float) -> Any:
    return override_settings(
        TMDB_API_KEY=KEY,
        TMDB_API_URL=server.url,
        TMDB_REQUESTS_PER_SECOND=requests_per_second,
        REMOTE_HTTP_HOSTS=["127.0.0.1"],
    )


def _ours(number: int) -> float:
    database.fill(number)
    took = seconds(lambda: execute(refresh_missing_details, RefreshMissingDetails()))
    assert not DVD.objects.filter(director="").exists()
    return took


def _plainly(server: Server, number: int) -> float:
    database.fill(number)
    with httpx2.Client(base_url=server.url, params={"api_key": KEY}) as client:
        return seconds_of_each(partial(_refreshed, client), DVD.objects.iterator())


def _refreshed(client: httpx2.Client, dvd: DVD) -> None:
    path = f"/movie/{dvd.tmdb_id}"
    film, ids, releases, people = (
        client.get(path + part).raise_for_status().json()
        for part in ("", "/external_ids", "/release_dates", "/credits")
    )
    british = next(region for region in releases["results"] if region["iso_3166_1"] == "GB")
    dvd.tagline, dvd.budget, dvd.revenue = film["tagline"], film["budget"], film["revenue"]
    dvd.production_companies = ", ".join(company["name"] for company in film["production_companies"])
    dvd.director = ", ".join(person["name"] for person in people["crew"] if person["job"] == "Director")
    dvd.uk_certification = next(
        release["certification"] for release in british["release_dates"] if release["type"] == 3
    )
    dvd.rating = dvd.tmdb_user_score = film["vote_average"]
    dvd.imdb_id, dvd.runtime, dvd.release_year = ids["imdb_id"], film["runtime"], int(film["release_date"][:4])
    dvd.save()


async def _barely(server: Server, number: int) -> float:
    numbers = iter(range(1, number + 1))
    limits = httpx2.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx2.AsyncClient(base_url=server.url, params={"api_key": KEY}, limits=limits) as client:

        async def ask() -> None:
            for tmdb_id in numbers:
                (await client.get(f"/movie/{tmdb_id}", params=EVERYTHING)).raise_for_status()

        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(ask() for _ in range(CONCURRENCY)))
        return loop.time() - started
