import httpx2
import pytest

from tests.unit.remote.oracles import SECRET, Oracle, client, said, yes
from upkeep.remote.errors import RemoteError, RemoteResponseError
from upkeep.remote.exchange import MAX_REDIRECTS, Request

BASE = "https://oracle.example"


def to(location: str, status: int = 301) -> httpx2.Response:
    return httpx2.Response(status, headers={"Location": location}, content=b"<html>")


def asked(*answers: httpx2.Response, request: Request | None = None) -> tuple[object, list[httpx2.Request]]:
    handler = Oracle(*answers)
    with client(handler, params={}, headers={"Authorization": f"Bearer {SECRET}"}) as oracle:
        try:
            return said(oracle.ask(request or Request("/question/1", {"a": "1"}))), handler.requests
        except RemoteError as error:
            return error, handler.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["/other?b=%2F", f"{BASE}/other?b=%2F", f"{BASE}:443/other?b=%2F", "../other?b=%2F"]
)
def test_a_redirect_to_the_same_server_is_followed_as_given(status: int, location: str) -> None:
    answer, requests = asked(to(location, status), yes())
    assert answer == {"answer": "yes"}
    assert [request.url.raw_path for request in requests][1] in {b"/other?b=%2F", b"/api/other?b=%2F"}
    assert requests[1].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/api",
        "//elsewhere.example/api",
        "http://oracle.example/api",
        "https://oracle.example:8443/api",
        "https://oracle.example.elsewhere.example/api",
        "https://user:password@oracle.example/api",
        "ftp://oracle.example/api",
        "https://[::1",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(location: str) -> None:
    answer, requests = asked(to(location), yes())
    assert len(requests) == 1
    assert isinstance(answer, RemoteResponseError)
    assert "a redirect to" in str(answer)


def test_three_redirects_are_followed_and_no_more() -> None:
    answer, requests = asked(*[to(f"/{number}") for number in range(MAX_REDIRECTS)], yes())
    assert answer == {"answer": "yes"}
    answer, requests = asked(to("/round"))
    assert isinstance(answer, RemoteResponseError)
    assert "redirect" in str(answer)
    assert len(requests) == 1 + MAX_REDIRECTS == 4


@pytest.mark.parametrize(
    ("status", "is_followed"), [(301, False), (302, False), (303, False), (307, True), (308, True)]
)
def test_what_is_posted_is_posted_again_or_not_at_all(status: int, is_followed: bool) -> None:  # noqa: FBT001
    answer, requests = asked(to("/other", status), yes(), request=Request("/search", json={"q": 1}))
    assert (answer == {"answer": "yes"}) == is_followed
    assert {(request.method, request.content) for request in requests} == {("POST", b'{"q":1}')}


def test_a_redirected_request_keeps_the_query_that_every_request_has() -> None:
    handler = Oracle(to("/other?b=2"), yes())
    with client(handler) as oracle:
        oracle.ask(Request("/question/1", {"a": "1"}))
    assert dict(handler.requests[1].url.params) == {"api_key": SECRET, "b": "2"}
