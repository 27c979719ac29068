import asyncio
import gzip
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

import upkeep
from tests.acceptance.polling import MAX_SECONDS
from tests.unit.remote.oracles import SECRET, Handler, Oracle, client, questions, said, yes
from upkeep.remote.answers import Outcome
from upkeep.remote.errors import GIVE_UP_AFTER, RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import LARGEST_BODY, Request

ROOT = Path(__file__).parents[3]


def outcome(handler: Handler, **overrides: Any) -> Any:
    with client(handler, **overrides) as oracle:
        (one,) = oracle.map(questions(1))
    return said(one)


def test_outcomes_come_in_the_order_of_the_requests() -> None:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        number = int(request.url.path.rpartition("/")[2])
        await asyncio.sleep((100 - number) / 2000)
        return httpx2.Response(404 if number % 10 == 0 else 200, json={"number": number})

    with client(answer) as oracle:
        outcomes = oracle.map(questions(100))
    assert [said(outcome) for outcome in outcomes] == [
        {"number": number} if number % 10 else None for number in range(100)
    ]


def test_no_requests_have_no_outcomes() -> None:
    with client(Oracle(yes())) as oracle:
        assert oracle.map([]) == []


def test_a_request_goes_below_the_base_address_with_both_queries() -> None:
    handler = Oracle(yes())
    with client(handler, headers={"X-Place": "here"}) as oracle:
        oracle.map([Request("/question/1", {"hint": "a b"})])
    (request,) = handler.requests
    assert request.url.copy_with(query=None) == "https://oracle.example/api/question/1"
    assert dict(request.url.params) == {"api_key": SECRET, "hint": "a b"}
    assert request.headers["x-place"] == "here"
    assert request.method == "GET"


def test_the_user_agent_names_this_project_and_its_version() -> None:
    handler = Oracle(yes())
    outcome(handler)
    assert handler.requests[0].headers["user-agent"] == f"Upkeep/{upkeep.__version__}"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_passing_problem_gets_four_attempts_in_all(status: int) -> None:
    handler = Oracle(httpx2.Response(status))
    assert isinstance(outcome(handler), RemoteUnavailableError)
    assert len(handler.requests) == 4


@pytest.mark.parametrize("wish", ["61", "3600", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_service_that_wants_more_than_a_minute_is_asked_once(wish: str) -> None:
    handler = Oracle(httpx2.Response(429, headers={"Retry-After": wish}))
    assert isinstance(outcome(handler), RemoteUnavailableError)
    assert len(handler.requests) == 1


@pytest.mark.parametrize(
    "failure", [httpx2.ConnectError("no route"), httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("cut")]
)
def test_a_broken_connection_gets_four_attempts_in_all(failure: Exception) -> None:
    handler = Oracle(failure)
    assert isinstance(outcome(handler), RemoteUnavailableError)
    assert len(handler.requests) == 4


def test_an_attempt_that_succeeds_is_the_outcome() -> None:
    handler = Oracle(httpx2.Response(502), httpx2.ReadError("cut"), httpx2.Response(200, content=b'{"ans'), yes())
    assert outcome(handler) == {"answer": "yes"}


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_clear_no_is_not_asked_again(status: int) -> None:
    handler = Oracle(httpx2.Response(status, json={}))
    assert not isinstance(outcome(handler), dict | RemoteUnavailableError)
    assert len(handler.requests) == 1


def test_a_request_that_takes_too_long_is_given_up() -> None:
    async def hang(_: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(600)
        raise AssertionError

    answer = outcome(hang, timeout=0.02)
    assert isinstance(answer, RemoteUnavailableError)
    assert str(answer) == "Oracle (oracle.example) did not answer within 0.02 s: try again later"


def test_refused_credentials_are_raised_at_once_and_end_the_other_requests() -> None:
    ended: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/3"):
            return httpx2.Response(401, json={})
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(request.url.path)
        raise AssertionError

    with client(answer, concurrency=5) as oracle, pytest.raises(RemoteRejectedError, match="refused the API key"):
        oracle.map(questions(50))
    assert len(ended) == 4


def test_one_bad_item_does_not_disturb_the_others() -> None:
    handler = Oracle(yes(), httpx2.Response(422, json={}), httpx2.Response(200, content=b"OK"), yes())
    with client(handler, concurrency=1) as oracle:
        good, refused, odd, last = oracle.map(questions(4))
    assert said(good) == said(last) == {"answer": "yes"}
    assert isinstance(refused, RemoteRejectedError)
    assert isinstance(odd, RemoteResponseError)


def test_ten_times_unavailable_in_a_row_ends_the_map() -> None:
    handler = Oracle(httpx2.Response(501))
    with client(handler, concurrency=1) as oracle, pytest.raises(RemoteUnavailableError, match="10 times in a row"):
        oracle.map(questions(30))
    assert len(handler.requests) == GIVE_UP_AFTER == 10


def test_the_row_goes_on_over_several_maps() -> None:
    with client(Oracle(httpx2.Response(501)), concurrency=1) as oracle:
        assert all(isinstance(one, RemoteUnavailableError) for one in oracle.map(questions(6) + questions(3)))
        with pytest.raises(RemoteUnavailableError, match="10 times in a row"):
            oracle.map(questions(1))


@pytest.mark.parametrize("status", [200, 404, 422])
def test_any_answer_ends_the_row(status: int) -> None:
    down, up = httpx2.Response(501), httpx2.Response(status, json={})
    with client(Oracle(*[down] * 9, up, *[down] * 9, up), concurrency=1) as oracle:
        assert len(oracle.map(questions(20))) == 20


def test_the_judge_decides_what_counts_as_unavailable() -> None:
    def judge(_: Outcome) -> Outcome:
        return RemoteUnavailableError("Oracle says so itself")

    asked = [Request(f"/question/{number}", judge=judge) for number in range(10)]
    with client(Oracle(yes()), concurrency=1) as oracle, pytest.raises(RemoteUnavailableError, match="itself"):
        oracle.map(asked)


def test_the_concurrency_bounds_all_threads_together() -> None:
    waiting, peak = 0, 0

    async def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal waiting, peak
        waiting += 1
        peak = max(peak, waiting)
        await asyncio.sleep(0.002)
        waiting -= 1
        return yes()

    with client(answer, concurrency=7) as oracle, ThreadPoolExecutor(4) as pool:
        results = list(pool.map(oracle.map, [questions(50)] * 4))
    assert [len(outcomes) for outcomes in results] == [50] * 4
    assert peak == 7


def test_a_body_of_more_than_fifty_megabytes_is_not_read_to_its_end() -> None:
    bomb = gzip.compress(b'{"a": "' + b"x" * LARGEST_BODY + b'"}')
    answer = outcome(Oracle(httpx2.Response(200, content=b'{"a": "' + b"x" * LARGEST_BODY + b'"}')))
    assert isinstance(answer, RemoteResponseError)
    assert str(answer) == "Oracle answered with more than 50 MB"

    def packed(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx2.ByteStream(bomb))

    assert isinstance(outcome(packed), RemoteResponseError)


def test_a_redirect_to_another_host_is_not_followed() -> None:
    handler = Oracle(httpx2.Response(302, headers={"Location": "https://elsewhere.example/api"}))
    assert isinstance(outcome(handler), RemoteResponseError)
    assert len(handler.requests) == 1


@pytest.mark.parametrize("key", ["two\nlines", "tab\there", "smörgås"])
def test_a_header_that_cannot_be_sent_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(RemoteRejectedError, match="the API key for Oracle holds characters of no key") as caught:
        client(Oracle(yes()), headers={"Authorization": f"Bearer {key}"})
    assert key not in str(caught.value)


def test_a_client_shows_no_secret() -> None:
    assert SECRET not in repr(client(Oracle(yes())))


def test_it_works_in_its_block_only() -> None:
    oracle = client(Oracle(yes()))
    with pytest.raises(RuntimeError, match="between `with` and the end"):
        oracle.map(questions(1))
    with oracle:
        oracle.map(questions(1))
    with pytest.raises(RemoteUnavailableError, match="stopped"):
        oracle.map(questions(1))


def test_leaving_the_block_ends_its_thread() -> None:
    before = set(threading.enumerate())
    outcome(Oracle(yes()))
    assert set(threading.enumerate()) == before


def started() -> tuple[Callable[[httpx2.Request], Any], threading.Event]:
    """Return a service that never answers, and what says that it was asked."""
    asked = threading.Event()

    async def hang(_: httpx2.Request) -> httpx2.Response:
        asked.set()
        await asyncio.sleep(600)
        raise AssertionError

    return hang, asked


def test_leaving_the_block_ends_the_waiting_of_other_threads() -> None:
    hang, asked = started()
    with ThreadPoolExecutor() as pool:
        with client(hang) as oracle:
            waiting = [pool.submit(oracle.map, questions(30)) for _ in range(3)]
            assert asked.wait(MAX_SECONDS)
        errors = [future.exception(timeout=MAX_SECONDS) for future in waiting]
    assert [type(error) for error in errors] == [RemoteUnavailableError] * 3


def test_an_error_in_the_block_is_what_is_raised() -> None:
    hang, asked = started()

    def fail() -> None:
        with client(hang) as oracle:
            pool.submit(oracle.map, questions(3))
            assert asked.wait(MAX_SECONDS)
            raise ZeroDivisionError

    with ThreadPoolExecutor() as pool, pytest.raises(ZeroDivisionError):
        fail()
