import logging
import traceback

import httpx2
import pytest

from tests.unit.remote.oracles import SECRET, Oracle, client, questions, yes
from upkeep.remote.errors import RemoteError
from upkeep.remote.exchange import Request

FAILURES = [
    httpx2.Response(200, json={}),
    httpx2.Response(301, headers={"Location": f"https://elsewhere.example/?api_key={SECRET}"}),
    httpx2.Response(401, json={"key": SECRET}),
    httpx2.Response(404, json={"key": SECRET}),
    httpx2.Response(422, json={"key": SECRET}),
    httpx2.Response(503, json={"key": SECRET}),
    httpx2.Response(200, content=f'{{"key": "{SECRET}"'.encode()),
    httpx2.Response(200, content=f"<html>{SECRET}</html>".encode()),
    httpx2.Response(200, content=f"not JSON: {SECRET}".encode()),
    httpx2.ConnectError("no route"),
]


def everything_said(error: object) -> str:
    return "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else str(error)


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_no_message_traceback_or_log_line_holds_a_secret(
    failure: httpx2.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "httpx2", "httpcore2", "asyncio", "stamina"):
        caplog.set_level(logging.DEBUG, logger=name)
    headers = {"Authorization": f"Bearer {SECRET}"}
    try:
        with client(Oracle(failure), headers=headers) as oracle:
            said = everything_said(oracle.map(questions(1))[0])
    except RemoteError as error:
        said = everything_said(error)
    assert SECRET not in said
    assert SECRET not in caplog.text
    assert all(SECRET not in str(vars(record)) for record in caplog.records)


def test_the_log_tells_method_path_status_and_duration(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client(Oracle(yes())) as oracle:
        oracle.map([Request("/question/1", {"hint": "private"})])
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("upkeep.remote")]
    assert line.startswith("Oracle: GET /question/1: 200 in 0.")
    assert "private" not in caplog.text


def test_another_attempt_is_no_news_for_whoever_runs_a_command(caplog: pytest.LogCaptureFixture) -> None:
    with client(Oracle(httpx2.Response(503), yes())) as oracle:
        oracle.map(questions(1))
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]
