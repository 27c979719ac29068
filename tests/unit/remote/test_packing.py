import gzip
import zlib

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.remote.oracles import Handler, Oracle, client, questions, said
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import LARGEST_BODY
from upkeep.remote.packing import MAX_LAYERS, DamagedError, unpacked

BODY = b'{"answer": "yes, \xc3\xa4"}'
PACKED = gzip.compress(BODY, mtime=0)  # without the time: the tests are named after it


def sent(body: bytes, *, status: int = 200, encoding: str = "") -> Handler:
    """A service whose bytes are these, whatever the header says about them."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    return lambda _: httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(body))


def outcome(handler: Handler) -> object:
    with client(handler) as oracle:
        return said(oracle.map(questions(1))[0])


@given(body=st.binary(), layers=st.integers(0, MAX_LAYERS))
def test_what_was_packed_is_what_comes_out(body: bytes, layers: int) -> None:
    body, packed = b"{" + body, b"{" + body
    for _ in range(layers):
        packed = gzip.compress(packed)
    assert unpacked(packed, largest=1000) == body


@given(st.binary())
def test_any_body_is_unpacked_left_alone_or_damaged(body: bytes) -> None:
    assert unpacked(b"{" + body, largest=1000) == b"{" + body
    try:
        unpacked(b"\x1f\x8b" + body, largest=1000)
    except DamagedError:
        return


@given(cut=st.integers(2, len(PACKED) - 1))
def test_a_cut_body_is_damaged_wherever_it_was_cut(cut: int) -> None:
    with pytest.raises(DamagedError):
        unpacked(PACKED[:cut], largest=1000)


@pytest.mark.parametrize("encoding", ["", "gzip", "x-gzip", "GZIP", "identity", "gzip, gzip"])
@pytest.mark.parametrize(
    "body",
    [BODY, PACKED, gzip.compress(PACKED, mtime=0), gzip.compress(BODY[:9], mtime=0) + gzip.compress(BODY[9:], mtime=0)],
    ids=["plain", "packed", "packed twice", "two members"],
)
def test_gzip_is_unpacked_whatever_the_header_says(body: bytes, encoding: str) -> None:
    assert outcome(sent(body, encoding=encoding)) == {"answer": "yes, ä"}


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("body", [PACKED[:-9], PACKED[:-1], PACKED[:3], PACKED[:-8] + bytes(8), PACKED + b"rest"])
def test_a_cut_or_corrupt_body_means_unavailable_after_all_attempts(body: bytes, encoding: str) -> None:
    oracle = Oracle(httpx2.Response(200, content=body))
    assert str(outcome(oracle)) == "Oracle sent a damaged answer: try again later"
    assert len(oracle.requests) == 4
    assert isinstance(outcome(sent(body, encoding=encoding)), RemoteUnavailableError)


def test_other_ways_of_packing_are_read_when_they_are_declared() -> None:
    assert outcome(sent(zlib.compress(BODY), encoding="deflate")) == {"answer": "yes, ä"}
    assert outcome(sent(zlib.compress(PACKED), encoding="deflate")) == {"answer": "yes, ä"}
    assert isinstance(outcome(sent(zlib.compress(BODY))), RemoteResponseError)
    assert isinstance(outcome(sent(b"garbage", encoding="gzip")), RemoteResponseError)
    assert isinstance(outcome(sent(b"garbage", encoding="deflate")), RemoteUnavailableError)


def test_a_body_is_not_unpacked_beyond_the_bound() -> None:
    bomb = gzip.compress(bytes(LARGEST_BODY + 1))
    for body in (bomb, gzip.compress(bomb)):
        answer = outcome(sent(body))
        assert isinstance(answer, RemoteResponseError)
        assert str(answer) == "Oracle answered with more than 50 MB"


def test_a_packed_error_means_what_its_status_says() -> None:
    assert outcome(sent(gzip.compress(b"{}"), status=404)) is None
    assert isinstance(outcome(sent(gzip.compress(b"<html>"), status=404)), RemoteUnavailableError)
    assert isinstance(outcome(sent(PACKED[:9], status=404)), RemoteUnavailableError)
    assert isinstance(outcome(sent(PACKED, status=422)), RemoteRejectedError)


def test_a_damaged_refusal_of_the_credentials_is_one_all_the_same() -> None:
    with pytest.raises(RemoteRejectedError, match="refused the API key"):
        outcome(sent(PACKED[:9], status=401))
