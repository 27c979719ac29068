import gzip
from collections.abc import Callable
from threading import Event
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.remote.oracles import SECRET, client, said
from upkeep.remote.errors import RemoteError
from upkeep.remote.exchange import Request

QUESTION = Request("/question/1", {"a": "1"})


class Memory(dict[str, bytes]):
    def set(self, key: str, value: bytes) -> None:
        self[key] = value


class Tagged:
    """Has one answer at a time, with an ETag, and tells which statuses it sent."""

    def __init__(self) -> None:
        self.content: Any = [1, "ä 🎬"]
        self.tag = '"one"'
        self.headers: dict[str, str] = {}
        self.sent: list[int] = []
        self.spoil: Callable[[httpx2.Response], httpx2.Response] = lambda response: response

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        is_known = request.headers.get("if-none-match") == self.tag
        headers = {"ETag": self.tag, "Link": "<https://oracle.example/2>; rel=next", "Set-Cookie": "a=b"} | self.headers
        response = httpx2.Response(304, headers=self.headers) if is_known else self._full(headers)
        self.sent.append(response.status_code)
        return self.spoil(response)

    def _full(self, headers: dict[str, str]) -> httpx2.Response:
        body = httpx2.Response(200, json=self.content).content
        return httpx2.Response(200, headers=headers | {"Content-Encoding": "gzip"}, content=gzip.compress(body))


def ask(tagged: Tagged, cache: Memory | None, request: Request = QUESTION, *, token: str = SECRET) -> Any:
    with client(tagged, cache=cache, params={}, headers={"Authorization": f"Bearer {token}"}) as oracle:
        return oracle.ask(request)


def test_what_did_not_change_is_not_sent_again() -> None:
    tagged, cache = Tagged(), Memory()
    first, second, third = (ask(tagged, cache) for _ in range(3))
    assert said(first) == said(second) == said(third) == [1, "ä 🎬"]
    assert second.headers["link"] == first.headers["link"]
    assert tagged.sent == [200, 304, 304]


def test_a_map_keeps_its_answers() -> None:
    tagged, cache = Tagged(), Memory()
    for _ in range(2):
        with client(tagged, cache=cache, params={}) as oracle:
            assert [said(outcome) for outcome in oracle.map([QUESTION])] == [[1, "ä 🎬"]]
    assert tagged.sent == [200, 304]


def test_cookies_are_not_sent_back_and_so_answers_are_found_again() -> None:
    cookies: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        cookies.append(request.headers.get("cookie"))
        tagged.headers = {"Set-Cookie": f"visit={len(cookies)}; Path=/; Secure; HttpOnly"}
        return tagged(request)

    tagged, cache = Tagged(), Memory()
    for _ in range(2):
        with client(answer, cache=cache, params={}) as oracle:
            for number in range(3):
                oracle.ask(Request(f"/question/{number}"))
    assert cookies == [None] * 6
    assert tagged.sent == [200] * 3 + [304] * 3


def test_an_answer_is_kept_while_the_next_request_is_on_its_way() -> None:
    asked = Event()

    class Slow(Memory):
        def set(self, key: str, value: bytes) -> None:
            assert asked.wait(60)
            super().set(key, value)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/2"):
            asked.set()
        return Tagged()(request)

    cache = Slow()
    with client(answer, cache=cache, params={}) as oracle:
        replies = oracle.chain(QUESTION, lambda _: None if asked.is_set() else Request("/question/2"))
        assert len(list(replies)) == len(cache) == 2


def test_what_changed_is_sent_and_kept() -> None:
    tagged, cache = Tagged(), Memory()
    ask(tagged, cache)
    tagged.tag, tagged.content = '"two"', [2]
    assert said(ask(tagged, cache)) == said(ask(tagged, cache)) == [2]
    assert tagged.sent == [200, 200, 304]


def test_without_a_cache_everything_is_sent() -> None:
    tagged = Tagged()
    for _ in range(2):
        ask(tagged, None)
    assert tagged.sent == [200, 200]


def test_what_another_token_saw_is_not_shown() -> None:
    tagged, cache = Tagged(), Memory()
    ask(tagged, cache)
    ask(tagged, cache, token="another")
    assert tagged.sent == [200, 200]
    assert len(cache) == 2


def test_another_query_is_another_answer() -> None:
    tagged, cache = Tagged(), Memory()
    ask(tagged, cache)
    ask(tagged, cache, Request("/question/1", {"a": "2"}))
    assert tagged.sent == [200, 200]


def test_what_is_posted_is_not_kept() -> None:
    tagged, cache = Tagged(), Memory()
    for _ in range(2):
        ask(tagged, cache, Request("/search", json={}))
    assert tagged.sent == [200, 200]
    assert not cache


def test_headers_of_a_304_are_news() -> None:
    tagged, cache = Tagged(), Memory()
    ask(tagged, cache)
    tagged.headers = {"X-Remaining": "7"}
    assert ask(tagged, cache).headers["x-remaining"] == "7"


def test_neither_secrets_nor_cookies_are_kept() -> None:
    cache = Memory()
    ask(Tagged(), cache)
    assert SECRET not in repr(cache)
    assert "a=b" not in repr(cache)


@pytest.mark.parametrize("body", [b'[1, "', b"OK", b"<html>"])
def test_what_is_not_understood_is_not_kept(body: bytes) -> None:
    tagged, cache = Tagged(), Memory()
    tagged.spoil = lambda _: httpx2.Response(200, headers={"ETag": tagged.tag}, content=body)
    with pytest.raises(RemoteError):
        ask(tagged, cache)
    assert not cache


@pytest.mark.parametrize("status", [404, 422, 500])
def test_only_what_went_well_is_kept(status: int) -> None:
    tagged, cache = Tagged(), Memory()
    tagged.spoil = lambda _: httpx2.Response(status, headers={"ETag": tagged.tag}, json={})
    try:
        ask(tagged, cache)
    except RemoteError:
        assert status != 404
    assert not cache


@given(st.binary() | st.just(b'{"etag": 1}\n[]') | st.just(b'{"link": "x"}\n[]') | st.just(b'{"etag": "\xc3\xa4"}\n[]'))
def test_an_entry_that_is_not_ours_is_as_good_as_none(entry: bytes) -> None:
    tagged, cache = Tagged(), Memory()
    with client(tagged, cache=cache) as oracle:  # one for all three, since most of the time goes into starting it
        oracle.ask(QUESTION)
        cache.update(dict.fromkeys(cache, entry))
        assert said(oracle.ask(QUESTION)) == said(oracle.ask(QUESTION)) == [1, "ä 🎬"]
    assert tagged.sent == [200, 200, 304]


def test_an_entry_of_another_type_is_as_good_as_none() -> None:
    tagged, cache = Tagged(), Memory()
    ask(tagged, cache)
    cache.update({key: ["pickled"] for key in cache})  # type: ignore[misc]  # Django keeps anything
    assert said(ask(tagged, cache)) == [1, "ä 🎬"]
