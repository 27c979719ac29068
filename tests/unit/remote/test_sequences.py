import asyncio
import json
from collections.abc import Iterator
from itertools import count

import httpx2
import pytest

from tests.acceptance.polling import until
from tests.unit.remote.oracles import Oracle, client, questions, said, yes
from upkeep.remote.answers import Reply
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import Request

LAST = 5


async def numbered(request: httpx2.Request) -> httpx2.Response:
    """Answer later questions sooner; there is no question 404."""
    number = int(request.url.path.rpartition("/")[2])
    await asyncio.sleep(0.01 / number)
    return httpx2.Response(404 if number == 404 else 200, json={"number": number})


def following(reply: Reply) -> Request | None:
    number = reply.content["number"]
    return Request(f"/question/{number + 1}") if number < LAST else None


class Listener:
    """Answers every question with its number, and knows how many it was asked and how many were broken off."""

    def __init__(self, *, hangs_from: int) -> None:
        self.hangs_from = hangs_from
        self.asked: list[int] = []
        self.broken: list[int] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        number = int(request.url.path.rpartition("/")[2])
        self.asked.append(number)
        try:
            await asyncio.sleep(600 if number >= self.hangs_from else 0)
        except asyncio.CancelledError:
            self.broken.append(number)
            raise
        return httpx2.Response(200, json={"number": number})


def test_a_reply_is_its_content_and_its_headers() -> None:
    with client(Oracle(httpx2.Response(200, json=[1], headers={"X-Total": "7"}))) as oracle:
        reply = oracle.ask(Request("/question/1"))
    assert reply
    assert reply.content == [1]
    assert reply.headers["x-total"] == "7"


def test_what_is_not_found_is_none() -> None:
    with client(Oracle(httpx2.Response(404, json={}))) as oracle:
        assert oracle.ask(Request("/question/1")) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(503), RemoteUnavailableError),
        (httpx2.Response(401, json={}), RemoteRejectedError),
        (httpx2.Response(422, json={}), RemoteRejectedError),
        (httpx2.Response(200, content=b"OK"), RemoteResponseError),
    ],
)
def test_what_went_wrong_is_raised(answer: httpx2.Response, error: type[Exception]) -> None:
    with client(Oracle(answer)) as oracle:
        with pytest.raises(error):
            oracle.ask(Request("/question/1"))
        with pytest.raises(error):
            list(oracle.chain(Request("/question/1"), following))
        with pytest.raises(error):
            list(oracle.ahead(questions(3), 2))


def test_a_chain_goes_on_as_long_as_something_follows() -> None:
    with client(numbered) as oracle:
        replies = list(oracle.chain(Request("/question/1"), following))
    assert [said(reply) for reply in replies] == [{"number": number} for number in range(1, LAST + 1)]


def test_a_chain_ends_where_nothing_is_found() -> None:
    with client(numbered) as oracle:
        replies = oracle.chain(Request("/question/1"), lambda _: Request("/question/404"))
        assert [said(reply) for reply in replies] == [{"number": 1}, None]


def test_the_next_of_a_chain_is_on_its_way_while_the_caller_works() -> None:
    listener = Listener(hangs_from=2)
    with client(listener) as oracle:
        replies = oracle.chain(Request("/question/1"), following)
        next(replies)
        until(lambda: listener.asked == [1, 2])


def test_replies_come_in_the_order_of_their_requests() -> None:
    with client(numbered) as oracle:
        numbers = [1, 404, 3, 4, 5, 6, 7]
        replies = oracle.ahead([Request(f"/question/{number}") for number in numbers], 3)
        assert [said(reply) for reply in replies] == [{"number": n} if n != 404 else None for n in numbers]


def test_no_more_are_asked_ahead_than_told() -> None:
    listener = Listener(hangs_from=100)
    taken = count()

    def endless() -> Iterator[Request]:
        for number in count(1):
            next(taken)
            yield Request(f"/question/{number}")

    with client(listener) as oracle:
        replies = oracle.ahead(endless(), 4)
        next(replies)
        next(replies)
        until(lambda: len(listener.asked) == 6)
        assert next(taken) == 6


def test_whoever_stops_reading_ends_what_is_in_flight() -> None:
    listener = Listener(hangs_from=3)
    with client(listener) as oracle:
        ahead = oracle.ahead([Request(f"/question/{number}") for number in range(1, 10)], 4)
        next(ahead)
        until(lambda: {3, 4, 5} <= set(listener.asked))
        assert isinstance(ahead, Iterator)
        del ahead
        until(lambda: {3, 4, 5} == set(listener.broken))
        assert said(oracle.ask(Request("/question/1"))) == {"number": 1}
    assert max(listener.asked) == 5


def test_an_error_ends_what_is_in_flight() -> None:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(422, json={}) if request.url.path.endswith("/1") else await listener(request)

    listener = Listener(hangs_from=2)
    with client(answer) as oracle:
        with pytest.raises(RemoteRejectedError):
            list(oracle.ahead([Request(f"/question/{number}") for number in range(1, 10)], 4))
        until(lambda: sorted(listener.asked) == sorted(listener.broken))


def test_leaving_the_block_ends_a_chain_and_what_is_asked_ahead() -> None:
    listener = Listener(hangs_from=2)
    with client(listener) as oracle:
        chain = oracle.chain(Request("/question/1"), following)
        ahead = oracle.ahead([Request(f"/question/{number}") for number in range(1, 10)], 4)
        next(chain)
        next(ahead)
        until(lambda: len(listener.asked) == 7)
    assert len(listener.broken) == 5
    for replies in (chain, ahead):
        with pytest.raises(RemoteUnavailableError, match="stopped"):
            next(replies)


def test_names_may_come_more_than_once_in_a_query() -> None:
    handler = Oracle(yes())
    with client(handler, params={}) as oracle:
        oracle.ask(Request("/question/1", [("id", "1"), ("id", "2"), ("q", "ä b")]))
    assert handler.requests[0].url.params.multi_items() == [("id", "1"), ("id", "2"), ("q", "ä b")]


def test_json_is_posted() -> None:
    handler = Oracle(httpx2.Response(503), yes())
    with client(handler) as oracle:
        assert said(oracle.ask(Request("/search", json={"text": "Zoë"}))) == {"answer": "yes"}
    for request in handler.requests:
        assert request.method == "POST"
        assert json.loads(request.content) == {"text": "Zoë"}
        assert request.headers["content-type"] == "application/json"


def test_a_segment_stays_quoted() -> None:
    handler = Oracle(yes())
    with client(handler, params={}) as oracle:
        oracle.ask(Request("/projects/group%2Fproject"))
    assert handler.requests[0].url.raw_path == b"/api/projects/group%2Fproject"


def test_an_address_in_an_answer_is_asked_as_given() -> None:
    handler = Oracle(yes())
    with client(handler, params={}) as oracle:
        oracle.ask(Request("https://oracle.example:443/other/way?after=Y3Vyc29y%3D&x=a+b"))
    assert handler.requests[0].url.raw_path == b"/other/way?after=Y3Vyc29y%3D&x=a+b"


def test_the_key_in_the_query_goes_along_with_an_address_in_an_answer() -> None:
    handler = Oracle(yes())
    with client(handler, params={"api_key": "k"}) as oracle:
        oracle.ask(Request("https://oracle.example/other?after=a%3D", {"more": "1"}))
    assert dict(handler.requests[0].url.params) == {"api_key": "k", "after": "a=", "more": "1"}


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/question",
        "http://oracle.example/question",
        "https://oracle.example:8443/question",
        "https://user:password@oracle.example/question",
        "https://oracle.example:port/question",
    ],
)
def test_an_address_elsewhere_is_not_asked(address: str) -> None:
    handler = Oracle(yes())
    with client(handler) as oracle, pytest.raises(RemoteResponseError, match="Oracle named an address"):
        oracle.ask(Request(address))
    assert not handler.requests
