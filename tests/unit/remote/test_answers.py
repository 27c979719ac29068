import json
import re
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.remote.answers import Answer, Outcome, Reply, outcome
from upkeep.remote.errors import RemoteError, RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.retries import TransientError

HTML = {"content-type": "text/html"}


def meaning(
    body: bytes = b"{}", *, status: int = 200, headers: dict[str, str] | None = None, credentials: str = "the API key"
) -> Outcome:
    return outcome(Answer("Oracle", status, httpx2.Headers(headers or {}), body), credentials=credentials)


def content(body: bytes) -> Any:
    answer = meaning(body)
    assert isinstance(answer, Reply)
    return answer.content


def test_a_json_object_is_the_content() -> None:
    assert content('{"name": "Zoë 🎬", "parts": [1, null]}'.encode()) == {"name": "Zoë 🎬", "parts": [1, None]}


def test_a_byte_order_mark_is_no_part_of_the_json() -> None:
    assert content(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"\ud83d", "\ufffd"),
        (r"\uDE00", "\ufffd"),
        (r"cut \ud83d", "cut \ufffd"),
        (r"\ud83d\n", "\ufffd\n"),
        (r"\ud83d\u0041", "\ufffdA"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\ud83d\ude00\ude00", "😀\ufffd"),
        (r"\\ud83d \ud83d", r"\ud83d " + "\ufffd"),
        (r"\\\ud83d", "\\\ufffd"),
        (r"\"\ud83d\"", '"\ufffd"'),
    ],
)
def test_half_a_character_is_replaced_and_the_rest_stays(escaped: str, text: str) -> None:
    assert content(f'{{"a": "{escaped}", "b": [1.5, "ä 🎬"]}}'.encode()) == {"a": text, "b": [1.5, "ä 🎬"]}


@given(st.lists(st.integers(0xD7FE, 0xE001) | st.sampled_from([0x5C, 0x22, 0x75, 0x41])))
def test_any_characters_escaped_are_the_text_that_python_reads_without_halves(codes: list[int]) -> None:
    body = json.dumps("".join(map(chr, codes)))
    assert content(body.encode()) == re.sub("[\ud800-\udfff]", "\ufffd", json.loads(body))


def test_not_found_is_a_value() -> None:
    assert meaning(b'{"status_code": 34}', status=404) is None


@pytest.mark.parametrize("status", [200, 400, 403, 404, 410, 501])
def test_html_means_unavailable_or_a_wrong_address_whatever_the_status(status: int) -> None:
    for answer in (meaning(b"hello", status=status, headers=HTML), meaning(b"\n <!DOCTYPE html>", status=status)):
        assert isinstance(answer, RemoteUnavailableError)
        assert str(answer) == "Oracle answered with HTML, not JSON: wrong address or a maintenance page"


@pytest.mark.parametrize("body", [b"", b"<html>No</html>"])
def test_credentials_are_refused_in_any_format(body: bytes) -> None:
    with pytest.raises(RemoteRejectedError, match="Oracle refused the API key"):
        meaning(body, status=401, headers=HTML)


@pytest.mark.parametrize("status", [200, 403, 404])
def test_html_may_begin_with_a_byte_order_mark(status: int) -> None:
    assert isinstance(meaning(b"\xef\xbb\xbf<!DOCTYPE html>", status=status), RemoteUnavailableError)


@pytest.mark.parametrize(("body", "value"), [(b'\n{"a": 1}', {"a": 1}), (b"\xef\xbb\xbf[]", [])])
def test_json_is_json_whatever_it_calls_itself(body: bytes, value: object) -> None:
    answer = meaning(body, headers=HTML)
    assert isinstance(answer, Reply)
    assert answer.content == value


@pytest.mark.parametrize("body", [b"", b"\r\n"])
def test_nothing_is_no_html_whatever_it_calls_itself(body: bytes) -> None:
    assert meaning(body, status=404, headers=HTML) is None
    with pytest.raises(RemoteRejectedError):
        meaning(body, status=403, headers=HTML)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"{}", b"<html>"])
def test_a_passing_problem_is_worth_another_attempt(status: int, body: bytes) -> None:
    with pytest.raises(TransientError, match=f"Oracle answered {status}: try again later"):
        meaning(body, status=status)


@pytest.mark.parametrize(
    ("status", "wish", "pause"), [(503, "7", 7), (429, "7", 7), (429, "", 1), (429, "0", 1), (503, "", 0)]
)
def test_a_passing_problem_says_how_long_everybody_should_wait(status: int, wish: str, pause: float) -> None:
    with pytest.raises(TransientError) as caught:
        meaning(status=status, headers={"Retry-After": wish})
    assert caught.value.pause == pause


@pytest.mark.parametrize("status", [429, 503])
def test_a_problem_that_lasts_says_when_it_is_over_and_is_worth_no_attempt_until_then(status: int) -> None:
    answer = meaning(status=status, headers={"Retry-After": "3600"})
    assert isinstance(answer, RemoteUnavailableError)
    assert str(answer).startswith(f"Oracle answered {status}: try again after 20")


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_end_everything(status: int) -> None:
    with pytest.raises(RemoteRejectedError, match="Oracle refused the API key") as caught:
        meaning(status=status)
    assert not isinstance(caught.value, RemoteUnavailableError)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_where_no_credentials_were_sent_is_about_one_request(status: int) -> None:
    assert isinstance(meaning(status=status, credentials=""), RemoteRejectedError)


@pytest.mark.parametrize("status", [400, 405, 410, 418, 422])
def test_another_refusal_is_about_one_request(status: int) -> None:
    answer = meaning(b'{"message": "hidden"}', status=status)
    assert isinstance(answer, RemoteRejectedError)
    assert str(answer) == f"Oracle refused the request ({status})"


@pytest.mark.parametrize("status", [501, 505, 522, 599])
def test_another_server_error_means_unavailable(status: int) -> None:
    assert isinstance(meaning(status=status), RemoteUnavailableError)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_understood_and_its_host_is_not_named_in_full(status: int) -> None:
    answer = meaning(b"<html>", status=status, headers={"Location": "https://new.example/api?api_key=hidden"} | HTML)
    assert isinstance(answer, RemoteResponseError)
    assert f"{status}, a redirect to ….example, which is not followed" in str(answer)
    assert "hidden" not in str(answer)


@pytest.mark.parametrize("location", ["", "/elsewhere", "http://[::1", "//"])
def test_a_strange_redirect_is_not_understood_either(location: str) -> None:
    assert isinstance(meaning(status=302, headers={"Location": location}), RemoteResponseError)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'["\\ud83d", "', b'"\\ud83', b'"\\ud83d\\u', b'{"title": "The Ti', b'{"a": [1, 2']
)
def test_json_that_ends_in_its_middle_is_worth_another_attempt(body: bytes) -> None:
    with pytest.raises(TransientError, match="stopped in the middle"):
        meaning(body)


@pytest.mark.parametrize(
    "body",
    [
        b"OK",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": 1} {',
        b'{"a":' * 9999,
        b'{"a": "\xff"}',
        b'["\\ud83d", NaN]',
        b'"\\ud83d" {',
    ],
)
def test_what_is_not_json_is_not_understood(body: bytes) -> None:
    answer = meaning(body)
    assert isinstance(answer, RemoteResponseError)
    assert str(answer) == "Oracle answered with something that is not JSON"


@pytest.mark.parametrize(("body", "value"), [(b"[]", []), (b"null", None), (b'"text"', "text"), (b"1", 1)])
def test_json_of_any_type_is_the_content(body: bytes, value: object) -> None:
    assert content(body) == value


def test_a_reply_has_the_headers_that_came_with_it() -> None:
    answer = meaning(headers={"Link": "<https://oracle.example/2>; rel=next"})
    assert isinstance(answer, Reply)
    assert answer.headers["link"] == "<https://oracle.example/2>; rel=next"


@given(
    status=st.integers(200, 599),
    body=st.binary(),
    name=st.sampled_from([b"location", b"retry-after", b"content-type"]),
    value=st.binary(),
)
def test_any_answer_has_a_meaning(status: int, body: bytes, name: bytes, value: bytes) -> None:
    received = Answer("Oracle", status, httpx2.Headers([(name, value)]), body)
    try:
        answer = outcome(received, credentials="the API key")
    except RemoteError as error:
        answer = error
    assert answer is None or isinstance(answer, Reply | RemoteError)
    assert isinstance(answer, Reply) or len(str(answer).splitlines()) == 1
