"""What every connector promises, tried with a server that behaves like the real one, and then misbehaves.

They run for every kind of tracker, with its stand-in: see `docs/connectors.md`. What is special about one has a test
module of its own.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from types import ModuleType

import pytest

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import BrokenRecord, RecordPage
from tests.integration.tracking.connections import Tracker, all_expected, broken, by_id, connected, read, tracker
from upkeep.remote.errors import RemoteError, RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.testing.servers import faults
from upkeep.testing.servers.faults import EVERYTHING, Fault
from upkeep.testing.servers.process import Server

SYSTEMS = [import_module(f"tests.servers.trackers.{kind}") for kind in ApiKind]

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(scope="module", params=SYSTEMS, ids=lambda module: module.KIND)
def system(request: pytest.FixtureRequest) -> Tracker:
    module: ModuleType = request.param
    return tracker(module)


@pytest.fixture(scope="module")
def count(system: Tracker) -> int:
    """Records on several pages, the last one not full."""
    return 2 * system.PAGE + system.PAGE // 2 + 1


@pytest.fixture(scope="module")
def shared(system: Tracker, count: int) -> Iterator[Server]:
    with system.server(records=count) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


def read_until_it_fails(system: Tracker, server: Server, fault: Fault) -> tuple[list[RecordPage], RemoteError]:
    """Return the pages that came before the fault, which is there as soon as the first came, and how it was told."""
    pages: list[RecordPage] = []

    def take() -> None:
        for page in connector.pages(""):
            pages.append(page)
            server.fail({EVERYTHING: fault})

    with connected(system, server) as connector, pytest.raises(RemoteError) as caught:
        take()
    return pages, caught.value


def failure(system: Tracker, server: Server, fault: Fault) -> RemoteError:
    server.fail({EVERYTHING: fault})
    with pytest.raises(RemoteError) as caught:
        read(system, server)
    return caught.value


def test_everything_comes_as_the_right_records_on_several_pages(system: Tracker, server: Server, count: int) -> None:
    pages = read(system, server)
    assert len([page for page in pages if page.records]) > 2
    assert by_id(pages) == all_expected(system, count)


def test_everybody_comes_with_an_id_that_stays_when_they_are_renamed(system: Tracker, server: Server) -> None:
    records = by_id(read(system, server)).values()
    people = {person for record in records if not isinstance(record, BrokenRecord) for person in record.people}
    assert len(people) > 1
    assert all(person.external_id for person in people)
    assert len({person.external_id for person in people}) == len(people)


def test_the_place_has_a_name(system: Tracker, server: Server) -> None:
    with connected(system, server) as connector:
        name = connector.check()
    assert name
    assert name == name.strip()


@pytest.mark.parametrize("fault", [faults.packed("gzip"), faults.packed("gzip", "gzip", declared="gzip")])
def test_packed_answers_are_read_whatever_their_headers_say(
    system: Tracker, server: Server, count: int, fault: Fault
) -> None:
    server.fail({EVERYTHING: fault})
    assert by_id(read(system, server)) == all_expected(system, count)


def test_a_packed_answer_that_is_corrupt_means_unavailable(system: Tracker, server: Server) -> None:
    error = failure(system, server, faults.packed("gzip", corrupt=True))
    assert isinstance(error, RemoteUnavailableError)
    assert "damaged answer" in str(error)


def test_from_the_last_position_only_what_is_new_comes(system: Tracker, server: Server, count: int) -> None:
    before = read(system, server)
    more = count + 3
    with system.server(records=more) as later:
        pages = read(system, later, before[-1].position)
    after = by_id(pages)
    everything = all_expected(system, more)
    new = everything.keys() - by_id(before).keys()
    assert len(new) == 3
    assert new <= after.keys() < everything.keys()
    assert all(record == everything[key] for key, record in after.items())
    assert pages[-1].position != before[-1].position


def test_when_nothing_is_new_the_position_stays(system: Tracker, server: Server) -> None:
    position = read(system, server)[-1].position
    assert read(system, server, position)[-1].position == position


def test_a_download_goes_on_behind_the_last_page_that_came(system: Tracker, server: Server, count: int) -> None:
    pages, error = read_until_it_fails(system, server, faults.status(500))
    assert isinstance(error, RemoteUnavailableError)
    assert pages
    assert by_id(pages).keys() < all_expected(system, count).keys()
    server.fail({})
    rest = read(system, server, pages[-1].position)
    assert by_id([*pages, *rest]) == all_expected(system, count)


def test_a_record_that_moves_between_two_pages_loses_none(system: Tracker, count: int) -> None:
    with system.server(records=count, moves=True) as server:
        pages = read(system, server)
    assert not broken(pages)
    assert by_id(pages).keys() == all_expected(system, count).keys()


def test_nothing_there_is_no_error(system: Tracker) -> None:
    with system.server(records=0) as server:
        assert not by_id(read(system, server))


def test_one_broken_record_is_told_and_the_others_come(system: Tracker, count: int) -> None:
    with system.server(records=count, broken=7) as server:
        pages = read(system, server)
    everything = all_expected(system, count)
    (problem,) = {*broken(pages)}
    assert problem.problem
    assert "secret" not in problem.problem
    assert len(problem.problem.splitlines()) == 1
    broken_id = system.expected(7).external_id
    assert problem.external_id in {broken_id, ""}
    come = by_id(pages)
    assert {key: come.get(key) for key in everything if key != broken_id} == {
        key: record for key, record in everything.items() if key != broken_id
    }


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(429, times=1),
        faults.status(429, times=1, retry_after="1"),
        faults.status(500, times=3),
        faults.status(503, times=1, retry_after="1"),
        faults.cut(times=1),
        faults.truncated(times=1),
        faults.later(faults.status(502, times=2), after=1),
        faults.later(faults.cut(times=2), after=1),
    ],
    ids=["429", "429 in 1 s", "500", "503 in 1 s", "cut", "truncated", "502 later", "cut later"],
)
def test_what_passes_is_overcome(system: Tracker, server: Server, count: int, fault: Fault) -> None:
    server.fail({EVERYTHING: fault})
    assert by_id(read(system, server)) == all_expected(system, count)


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(429),
        faults.status(500),
        faults.status(503),
        faults.cut(),
        faults.truncated(),
        faults.html(),
        faults.html(404),
        faults.html(500),
    ],
    ids=["429", "500", "503", "cut", "truncated", "HTML", "HTML 404", "HTML 500"],
)
def test_a_system_that_stays_away_is_unavailable(system: Tracker, server: Server, fault: Fault) -> None:
    error = failure(system, server, fault)
    assert isinstance(error, RemoteUnavailableError)
    assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_named(system: Tracker, server: Server, status: int) -> None:
    error = failure(system, server, faults.status(status))
    assert isinstance(error, RemoteRejectedError)
    assert "token" in str(error)


def test_a_place_that_is_hidden_may_be_there(system: Tracker, server: Server) -> None:
    error = failure(system, server, faults.status(404))
    assert isinstance(error, RemoteRejectedError)
    assert "may not see" in str(error)


def test_a_wrong_token_is_refused(system: Tracker, server: Server) -> None:
    with pytest.raises(RemoteRejectedError, match="token"):
        read(system, server, token="wrong-" + system.TOKEN)
    with connected(system, server, token="wrong-" + system.TOKEN) as connector, pytest.raises(RemoteRejectedError):
        connector.check()


@pytest.mark.parametrize("token", ["", " "])
def test_without_a_token_nothing_is_asked(system: Tracker, server: Server, token: str) -> None:
    before = server.stats().requests
    with pytest.raises(RemoteRejectedError, match="api_token is missing"), connected(system, server, token=token):
        pass
    assert server.stats().requests == before


@pytest.mark.parametrize("body", ["OK", '"text"', "17", "null"])
def test_an_answer_of_another_kind_is_not_understood(system: Tracker, server: Server, body: str) -> None:
    assert isinstance(failure(system, server, faults.text(body)), RemoteResponseError)


FAILURES = [
    faults.status(401),
    faults.status(403),
    faults.status(404),
    faults.status(422),
    faults.status(429),
    faults.status(500),
    faults.cut(),
    faults.truncated(),
    faults.html(),
    faults.text("OK"),
    faults.text("{}"),
]


def test_the_token_is_in_no_message_traceback_or_log_record(
    system: Tracker, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "httpx2", "httpcore2", "asyncio", "stamina"):
        caplog.set_level(logging.DEBUG, logger=name)
    read(system, server)
    said = []
    for fault in FAILURES:
        error = failure(system, server, fault)
        said += [repr(error), *traceback.format_exception(error)]
    said += [caplog.text, *(str(vars(record)) for record in caplog.records)]
    assert ": 200 in " in caplog.text
    assert not [line for line in said if system.TOKEN in line]


def test_the_token_goes_to_no_other_host(system: Tracker, server: Server) -> None:
    with ExitStack() as stack:
        elsewhere = stack.enter_context(system.server(records=1))
        error = failure(system, server, faults.redirect(f"{elsewhere.url}/stolen"))
        assert elsewhere.stats().requests == 0
    assert isinstance(error, RemoteResponseError)
    assert "redirect" in str(error)
