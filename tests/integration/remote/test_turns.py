import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from time import monotonic

import anyio
import pytest
from redis import Redis

from tests.acceptance.polling import MAX_SECONDS, until
from tests.servers.tmdb import KEY, tmdb_server
from upkeep.embedded import redis
from upkeep.remote import turns
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteUnavailableError
from upkeep.remote.exchange import Request
from upkeep.remote.pacing import SHARE, Pacer
from upkeep.remote.retries import LONGEST_PAUSE
from upkeep.remote.turns import PREFIX, SharedTurns
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

ROOT = Path(__file__).parents[3]
HOST = "oracle.example:443"
DAY = 86_400 * 1_000_000
"""Microseconds."""

Work = Callable[..., Awaitable[object]]


@pytest.fixture
def store(redis_url: str) -> Iterator[Redis]:
    """The Redis that the turns are shared in, with none taken yet."""
    with Redis.from_url(redis_url, decode_responses=True) as client:
        client.flushdb()
        yield client


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Of a Redis that a test may stop."""
    yield tmp_path
    redis.stop(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    with tmdb_server() as running:
        yield running


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def silent(listener: socket.socket) -> str:
    """The URL of a Redis of that kind."""
    return f"redis://:s3cr3t@127.0.0.1:{listener.getsockname()[1]}/0"


def connections(listener: socket.socket) -> int:
    """How many were opened since the last time."""
    listener.settimeout(0)
    opened = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            opened += 1
    return opened


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOK_AGAIN_SECONDS", 0.2)


def client(server: Server, redis_url: Callable[[], str], *, requests_per_second: float | None = None) -> RemoteClient:
    return RemoteClient(
        "TMDB",
        server.url,
        params={"api_key": KEY},
        requests_per_second=requests_per_second,
        redis_url=redis_url,
        allow_http_hosts=["127.0.0.1"],
    )


def with_pacers(url: str, work: Work, *rates: float | None, host: str = HOST) -> None:
    """Do this work with pacers of these rates, each with a connection of its own, as if in a process of its own."""

    async def working() -> None:
        pacers = [Pacer(rate, shared=SharedTurns("Oracle", host, redis_url=lambda: url)) for rate in rates]
        await work(*pacers)
        for pacer in pacers:
            await pacer.close()

    anyio.run(working)


async def waited(pacer: Pacer) -> float:
    start = monotonic()
    await pacer.turn()
    return monotonic() - start


def taken(url: str, count: int, *rates: float | None) -> list[float]:
    """When each of the turns came, that several take as fast as they can."""
    times: list[float] = []

    async def take(pacer: Pacer) -> None:
        while len(times) < count:
            await pacer.turn()
            times.append(monotonic())

    async def everybody(*pacers: Pacer) -> None:
        async with anyio.create_task_group() as group:
            for pacer in pacers * 3:
                group.start_soon(take, pacer)

    with_pacers(url, everybody, *rates)
    return times[:count]


@pytest.mark.parametrize("rate", [20, 100])
def test_no_window_of_a_second_holds_more_turns_of_all_than_allowed(store: Redis, redis_url: str, rate: float) -> None:
    times = taken(redis_url, int(rate * 1.6) + 2, rate, rate)
    assert store.exists(PREFIX + HOST)
    most = max(sum(start <= moment <= start + 1 for moment in times) for start in times)
    assert most <= rate + 2  # each of the two may have noticed a turn late
    assert (len(times) - 4) / (rate * SHARE) <= times[-1] - times[0]


@pytest.mark.usefixtures("store")
def test_the_turns_of_all_are_even(redis_url: str) -> None:
    times = taken(redis_url, 40, 20, 20)
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    assert gaps[len(gaps) // 4] > 0.3 / 20  # a few may have been noticed late


@pytest.mark.usefixtures("store")
def test_without_a_rate_nobody_waits(redis_url: str) -> None:
    times = taken(redis_url, 200, None, None)
    assert times[-1] - times[0] < MAX_SECONDS


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("rate", [None, 100.0])
def test_a_pause_told_to_one_holds_all(redis_url: str, rate: float | None) -> None:
    async def work(one: Pacer, other: Pacer) -> None:
        await other.turn()
        await one.pause(0.5)
        assert await waited(other) > 0.4

    with_pacers(redis_url, work, rate, rate)


@pytest.mark.usefixtures("store")
def test_a_pause_holds_also_who_waits_for_a_turn_already(redis_url: str) -> None:
    async def work(one: Pacer, other: Pacer) -> None:
        await one.turn()
        async with anyio.create_task_group() as group:
            group.start_soon(assert_waited, other)
            await anyio.sleep(0.1)
            await one.pause(1)

    async def assert_waited(pacer: Pacer) -> None:
        assert await waited(pacer) > 1.05

    with_pacers(redis_url, work, 4, 4)


@pytest.mark.usefixtures("store")
def test_a_shorter_pause_does_not_end_a_longer_one(redis_url: str) -> None:
    async def work(one: Pacer, other: Pacer) -> None:
        await one.pause(0.5)
        await one.pause(0.01)
        assert await waited(other) > 0.4

    with_pacers(redis_url, work, None, None)


@pytest.mark.usefixtures("store")
def test_the_rest_of_one_holds_nobody_else(redis_url: str) -> None:
    async def work(one: Pacer, other: Pacer) -> None:
        one.rest(600)
        await other.turn()
        with anyio.move_on_after(0.1) as rest:
            await one.turn()
        assert rest.cancelled_caught

    with_pacers(redis_url, work, None, None)


@pytest.mark.usefixtures("store")
def test_hosts_do_not_wait_for_each_other(redis_url: str) -> None:
    async def turn(pacer: Pacer) -> None:
        with anyio.fail_after(MAX_SECONDS):
            await pacer.turn()

    for host in (HOST, "oracle.example:80"):
        with_pacers(redis_url, turn, 0.001, host=host)


def test_nothing_stays_in_redis(store: Redis, redis_url: str) -> None:
    async def work(pacer: Pacer) -> None:
        await pacer.turn()
        assert 0 < int(store.pttl(PREFIX + HOST)) < 65_000
        await pacer.pause(50)
        assert 65_000 < int(store.pttl(PREFIX + HOST)) < 115_000

    with_pacers(redis_url, work, 40)
    assert store.keys("*") == [PREFIX + HOST]


def test_a_clock_that_was_set_back_holds_nobody(store: Redis, redis_url: str) -> None:
    seconds, microseconds = store.time()
    tomorrow = seconds * 1_000_000 + microseconds + DAY
    store.hset(PREFIX + HOST, mapping={"last": tomorrow, "resume": tomorrow})

    async def work(pacer: Pacer) -> None:
        with anyio.fail_after(MAX_SECONDS):
            await pacer.turn()

    with_pacers(redis_url, work, 1)
    assert int(store.hget(PREFIX + HOST, "last") or 0) < tomorrow


PROGRAM = """
import sys
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.exchange import Request

url, key, redis_url = sys.argv[1:]
client = RemoteClient(
    "TMDB", url, params={"api_key": key}, requests_per_second=40, redis_url=lambda: redis_url,
    allow_http_hosts=["127.0.0.1"],
)
with client:
    assert all(client.map([Request(f"/movie/{number}") for number in range(1, 81)]))
"""


@pytest.mark.usefixtures("store")
def test_two_processes_together_are_not_refused_where_twice_their_rate_would_be(
    redis_url: str,
) -> None:
    with tmdb_server(limit=60, delay=0.05) as server:
        command = [sys.executable, "-c", PROGRAM, server.url, KEY, redis_url]
        programs = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [program.communicate(timeout=120)[1] for program in programs]
        seen = server.stats()
    assert ([program.returncode for program in programs], said) == ([0, 0], ["", ""])
    assert (seen.refused, seen.requests) == (0, 160)


def test_everybody_waits_when_a_server_asked_one_to(store: Redis, redis_url: str, server: Server) -> None:
    server.fail({"1": faults.status(503, times=1, retry_after="3")})
    with (
        ThreadPoolExecutor() as pool,
        client(server, lambda: redis_url) as one,
        client(server, lambda: redis_url) as other,
    ):
        answer = pool.submit(one.map, [Request("/movie/1")])
        until(lambda: [key for key in store.keys("*") if store.hget(key, "resume")])
        other.map([Request("/movie/2")])
        assert isinstance(answer.result()[0], Reply)
    refused, *later = server.stats().arrivals
    assert min(later) - refused > 2.5


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


AWAY = "TMDB: the pace is this process's own until Redis can be used again ({}): check REDIS_URL"


@pytest.mark.usefixtures("impatient")
def test_a_redis_that_stops_is_told_once_and_shared_again_when_it_is_back(
    home: Path, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    address = redis.ensure(home)
    films = [Request(f"/movie/{number}") for number in range(1, 31)]
    with client(server, lambda: redis.ensure(home).url if redis.running(home) else address.url) as tmdb:
        assert len(tmdb.map(films[:5])) == 5
        redis.stop(home)
        for _ in range(3):
            start = monotonic()
            assert all(isinstance(outcome, Reply) for outcome in tmdb.map(films))
            until(lambda start=start: monotonic() > start + 0.3)  # type: ignore[misc]  # it looks again meanwhile
        assert warnings(caplog) == [AWAY.format("ConnectionError")]
        with Redis.from_url(redis.ensure(home).url) as back:
            back.delete(*back.scan_iter(f"{PREFIX}*"), "none")
            until(lambda: tmdb.map(films[:1]) and [*back.scan_iter(f"{PREFIX}*")])
        redis.stop(home)
        tmdb.map(films[:1])
    assert warnings(caplog) == [AWAY.format("ConnectionError")] * 2


def test_a_connection_that_redis_closed_meanwhile_is_opened_anew(
    store: Redis, redis_url: str, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with client(server, lambda: redis_url) as tmdb:
        tmdb.map([Request("/movie/1")])
        store.client_kill_filter(_type="normal", skipme=True)
        store.flushdb()
        tmdb.map([Request("/movie/1")])
        assert store.keys("*")
    assert not warnings(caplog)


def test_a_server_that_forgot_the_scripts_is_told_again(store: Redis, redis_url: str, server: Server) -> None:
    with client(server, lambda: redis_url) as tmdb:
        tmdb.map([Request("/movie/1")])
        store.script_flush()
        store.flushdb()
        tmdb.map([Request("/movie/1")])
        assert store.keys("*")


def test_a_redis_that_says_nothing_is_waited_for_once(
    listener: socket.socket, silent: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(pacer: Pacer) -> None:
        for _ in range(10):
            await pacer.turn()

    monkeypatch.setattr(turns, "LOOK_AGAIN_SECONDS", 600)
    with_pacers(silent, work, 100)
    assert connections(listener) == 1
    assert [("TimeoutError" in line, "s3cr3t" in line) for line in warnings(caplog)] == [(True, False)]


@pytest.mark.parametrize(
    "url",
    ["amqp://me:s3cr3t@localhost//", "redis://:s3cr3t/x@localhost:6379/0", "redis://127.0.0.1/0?surprise=s3cr3t"],
)
def test_a_url_that_is_no_redis_is_a_warning_without_its_password(url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def work(pacer: Pacer) -> None:
        await pacer.turn()
        await pacer.turn()

    with_pacers(url, work, 100)
    assert ["Error" in line for line in warnings(caplog)] == [True]
    assert "s3cr3t" not in caplog.text


def test_redis_away_leaves_every_process_its_own_pauses() -> None:
    async def work(pacer: Pacer) -> None:
        await pacer.pause(0.5)
        assert await waited(pacer) > 0.4

    with_pacers("redis://127.0.0.1:1/0", work, None)


def test_redis_away_leaves_every_process_its_own_pace(caplog: pytest.LogCaptureFixture) -> None:
    times = taken("redis://127.0.0.1:1/0", 40, 40)
    assert times[-1] - times[0] >= 38 / (40 * SHARE)
    assert len(warnings(caplog)) == 1


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "ANSWER_SECONDS", 600)
    monkeypatch.setattr(turns, "LOCATE_SECONDS", 600)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("reason", ["silence", "start", "turn", "pause"])
def test_leaving_the_block_ends_every_kind_of_waiting_for_redis(
    store: Redis, redis_url: str, silent: str, server: Server, reason: str
) -> None:
    asked, started = threading.Event(), threading.Event()

    def url() -> str:
        asked.set()
        if reason == "start":
            started.wait(600)
        return silent if reason == "silence" else redis_url

    if reason == "pause":
        server.fail({"*": faults.status(429, retry_after="60")})
    with ThreadPoolExecutor() as pool:
        with client(server, url, requests_per_second=0.001 if reason == "turn" else None) as tmdb:
            waiting = pool.submit(tmdb.map, [Request(f"/movie/{number}") for number in range(1, 41)])
            assert asked.wait(MAX_SECONDS)
            if reason in {"turn", "pause"}:
                until(lambda: store.keys("*"))
        assert isinstance(waiting.exception(timeout=LONGEST_PAUSE / 2), RemoteUnavailableError)
        started.set()
