import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest
import stamina
from stamina.instrumentation import get_on_retry_hooks, set_on_retry_hooks

from tests.acceptance.polling import until
from tests.servers import films
from tests.servers.tmdb import KEY, tmdb_server
from tests.unit.remote.oracles import said
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import Request
from upkeep.remote.retries import LONGEST_PAUSE
from upkeep.testing.servers import faults
from upkeep.testing.servers.faults import Fault
from upkeep.testing.servers.process import Server

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with tmdb_server() as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


def client(server: Server, *, timeout: float = 5, requests_per_second: float | None = None) -> RemoteClient:
    return RemoteClient(
        "TMDB",
        server.url,
        params={"api_key": KEY},
        credentials="the API key",
        requests_per_second=requests_per_second,
        timeout=timeout,
        allow_http_hosts=["127.0.0.1"],
    )


def ask(server: Server, fault: Fault, *, timeout: float = 5) -> tuple[object, int]:
    """Return the outcome for a film with this fault, and how many requests it took."""
    server.fail({"603": fault})
    before = server.stats().requests
    with client(server, timeout=timeout) as tmdb:
        (outcome,) = tmdb.map([Request("/movie/603")])
    return said(outcome), server.stats().requests - before


def gaps(server: Server, fault: Fault, *, films_asked_for: int) -> list[float]:
    """Return the seconds between the arrivals when the first film has this fault, the longest first."""
    server.fail({"1": fault})
    seen = len(server.stats().arrivals)
    with client(server, requests_per_second=50) as tmdb:
        outcomes = tmdb.map([Request(f"/movie/{number}") for number in range(1, films_asked_for + 1)])
    assert all(isinstance(outcome, Reply) for outcome in outcomes)
    arrivals = server.stats().arrivals[seen:]
    assert len(arrivals) == films_asked_for + 1
    return sorted((later - earlier for earlier, later in pairwise(arrivals)), reverse=True)


def test_a_passing_error_is_overcome_by_another_attempt(server: Server) -> None:
    assert ask(server, faults.status(500, times=1)) == (films.details(603), 2)


def test_a_body_that_is_cut_is_asked_for_again(server: Server) -> None:
    assert ask(server, faults.cut(times=1)) == (films.details(603), 2)


def test_json_that_is_truncated_is_asked_for_again(server: Server) -> None:
    assert ask(server, faults.truncated(times=1)) == (films.details(603), 2)


def test_a_server_that_is_too_slow_is_given_up() -> None:
    with stamina.set_testing(testing=True), tmdb_server(delay=30) as server, client(server, timeout=0.1) as tmdb:
        (outcome,) = tmdb.map([Request("/movie/1")])
    assert isinstance(outcome, RemoteUnavailableError)
    assert str(outcome) == "TMDB (127.0.0.1) did not answer within 0.1 s: try again later"


def test_a_server_that_is_gone_cannot_be_reached() -> None:
    with tmdb_server() as server:
        pass
    with stamina.set_testing(testing=True), client(server) as tmdb:
        (outcome,) = tmdb.map([Request("/movie/1")])
    assert isinstance(outcome, RemoteUnavailableError)
    assert str(outcome) == "TMDB (127.0.0.1) cannot be reached: check the address and the network"


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(server: Server) -> None:
    with client(server) as tmdb:
        server.fail({"1": faults.cut(times=1)})
        outcomes = [said(tmdb.map([Request(f"/movie/{number}")])[0]) for number in (1, 2, 1)]
    assert outcomes == [films.details(1), films.details(2), films.details(1)]


def test_attempts_are_apart_by_a_growing_and_random_time(server: Server) -> None:
    seen = len(server.stats().arrivals)
    waits: list[float] = []
    hooks = get_on_retry_hooks()
    set_on_retry_hooks([lambda details: waits.append(details.wait_for)])
    try:
        outcome, requests = ask(server, faults.status(503))
    finally:
        set_on_retry_hooks(hooks)
    assert isinstance(outcome, RemoteUnavailableError)
    assert requests == 4
    arrivals = server.stats().arrivals[seen:]
    for wait, least, (earlier, later) in zip(waits, (0.5, 1, 2), pairwise(arrivals), strict=True):
        assert least <= wait <= least + 1
        assert later - earlier >= least


@pytest.mark.parametrize("status", [429, 503])
def test_everybody_waits_as_many_seconds_as_the_server_asks_for(server: Server, status: int) -> None:
    longest, *others = gaps(server, faults.status(status, times=1, retry_after="2"), films_asked_for=40)
    assert longest >= 1.9 > others[0]


def test_everybody_waits_until_the_date_that_the_server_names(server: Server) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
    longest, *others = gaps(server, faults.status(429, times=1, retry_after=date), films_asked_for=40)
    assert longest >= 1.5 > others[0]


def test_everybody_waits_a_second_when_it_was_too_fast(server: Server) -> None:
    longest, *others = gaps(server, faults.status(429, times=1), films_asked_for=40)
    assert longest >= 0.95 > others[0]


def test_a_redirect_takes_the_key_nowhere(server: Server) -> None:
    with tmdb_server() as elsewhere:
        outcome, _ = ask(server, faults.redirect(f"{elsewhere.url}/movie/603"))
        assert elsewhere.stats().requests == 0
    assert isinstance(outcome, RemoteResponseError)


def test_no_more_requests_than_allowed_are_on_their_way() -> None:
    with tmdb_server(delay=0.05) as server:
        with client(server) as tmdb, ThreadPoolExecutor(3) as pool:
            requests = [Request(f"/movie/{number}") for number in range(1, 101)]
            assert sum(len(outcomes) for outcomes in pool.map(tmdb.map, [requests] * 3)) == 300
        assert server.stats().peak <= 20


def test_as_many_requests_as_allowed_are_on_their_way() -> None:
    with tmdb_server(delay=600) as server, ThreadPoolExecutor() as pool:
        with client(server, timeout=600) as tmdb:
            pool.submit(tmdb.map, [Request(f"/movie/{number}") for number in range(1, 41)])
            until(lambda: server.stats().requests >= 20)
        assert server.stats().peak == 20


def test_the_pace_is_not_refused_by_a_server_that_allows_it_and_what_a_stall_bunches() -> None:
    with tmdb_server(limit=60, delay=0.05) as server:
        with client(server, requests_per_second=40) as tmdb:
            tmdb.map([Request(f"/movie/{number}") for number in range(1, 161)])
        assert server.stats().refused == 0


def waiting_client(server: Server, reason: str) -> AbstractContextManager[RemoteClient]:
    if reason == "attempt":
        server.fail({"*": faults.status(503)})
    if reason == "pause":
        server.fail({"*": faults.status(429, retry_after="60")})
    return client(server, timeout=600, requests_per_second=0.001 if reason == "turn" else None)


@pytest.mark.parametrize("reason", ["answer", "attempt", "pause", "turn"])
def test_leaving_the_block_ends_every_kind_of_waiting(reason: str) -> None:
    requests = [Request(f"/movie/{number}") for number in range(1, 41)]
    with tmdb_server(delay=600 if reason == "answer" else 0) as server, ThreadPoolExecutor() as pool:
        with waiting_client(server, reason) as tmdb:
            waiting = pool.submit(tmdb.map, requests)
            while not server.stats().requests:
                pass
        assert isinstance(waiting.exception(timeout=LONGEST_PAUSE / 2), RemoteUnavailableError)


MANY = [Request(f"/movie/{number}") for number in range(1, 41)]

WAYS: dict[str, Callable[[RemoteClient], object]] = {
    "map": lambda tmdb: tmdb.map(MANY),
    "ask": lambda tmdb: tmdb.ask(MANY[0]),
    "chain": lambda tmdb: list(tmdb.chain(MANY[0], lambda _: MANY[1])),
    "ahead": lambda tmdb: list(tmdb.ahead(MANY, 4)),
}


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_in_the_waiting_thread_ends_everything(way: str) -> None:
    def press_when_asked(server: Server) -> None:
        while not server.stats().requests:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    with tmdb_server(delay=600) as server:
        finger = threading.Thread(target=press_when_asked, args=[server])
        finger.start()
        with pytest.raises(KeyboardInterrupt), client(server, timeout=600) as tmdb:
            WAYS[way](tmdb)
        finger.join()


PROGRAM = """
import sys
from backend.collection import tmdb
from upkeep.remote.errors import RemoteError

try:
    with tmdb.connect(sys.argv[1], sys.argv[2], requests_per_second=None, allow_http_hosts=["127.0.0.1"]) as source:
        source.movies(range(1, 101))
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_leaves_no_traceback_and_no_warning_behind() -> None:
    with tmdb_server(delay=600) as server:
        command = [sys.executable, "-W", "always", "-c", PROGRAM, KEY, server.url]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as program:
            while server.stats().requests < 20:
                pass
            program.send_signal(signal.SIGINT)
            _, said = program.communicate(timeout=LONGEST_PAUSE)
    assert (program.returncode, said) == (130, "")
