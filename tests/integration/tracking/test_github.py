"""What is special about GitHub; everything else is in `test_connectors`."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic, time

import pytest

from tests.integration.tracking.connections import all_expected, by_id, connected, read, tracker
from tests.servers.trackers import github
from upkeep.remote.errors import RemoteError, RemoteRejectedError, RemoteUnavailableError
from upkeep.testing.servers import faults
from upkeep.testing.servers.faults import Fault
from upkeep.testing.servers.process import Server

SYSTEM = tracker(github)

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with github.server(records=30) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


def limited(headers: dict[str, str], *, status: int = 403, message: str = "No") -> Fault:
    return Fault(status=status, body=json.dumps({"message": message}), headers=headers)


def once(fault: Fault) -> Fault:
    return Fault(status=fault.status, body=fault.body, headers=fault.headers, times=1)


def failure(server: Server, fault: Fault) -> RemoteError:
    server.fail({"*": fault})
    with pytest.raises(RemoteError) as caught:
        read(SYSTEM, server)
    return caught.value


def attempts(server: Server) -> int:
    return server.stats().by_key.get("list", 0)


def test_the_name_is_spelt_as_github_spells_it(server: Server) -> None:
    with connected(SYSTEM, server, location=f"{server.origin}/Someone/Any.Thing") as connector:
        assert connector.check() == "someone/any.thing"


def test_pull_requests_are_no_tasks_and_a_page_full_of_them_is_no_end(server: Server) -> None:
    pages = read(SYSTEM, server)
    assert [] in [list(page.records) for page in pages[:-1]]
    assert by_id(pages) == all_expected(SYSTEM, 30)


def test_a_page_full_of_pull_requests_moves_the_position_on(server: Server) -> None:
    pages = read(SYSTEM, server)
    positions = [page.position for page in pages]
    assert positions == sorted(set(positions))


def test_a_change_that_is_told_a_minute_late_is_not_missed(server: Server) -> None:
    newest = github.expected(30).updated_at
    assert newest
    assert datetime.fromisoformat(read(SYSTEM, server)[-1].position) == newest - timedelta(minutes=1)


def test_issues_of_one_moment_are_read_by_githubs_own_links_forth_and_back() -> None:
    with github.server(records=450, at_once=True) as server:
        pages = read(SYSTEM, server)
        assert server.stats().last["path"] == "/api/v3/repos/someone/any.thing/issues"
        assert server.stats().by_key["list"] == 9
    assert len(pages) == 9
    assert by_id(pages).keys() == all_expected(SYSTEM, 450).keys()


def test_a_position_that_is_none_of_github_is_the_start(server: Server) -> None:
    assert by_id(read(SYSTEM, server, '{"page": 7}')) == all_expected(SYSTEM, 30)


def test_a_renamed_repository_is_found_under_its_old_name(server: Server) -> None:
    location = f"{server.origin}/{github.OLD_REPOSITORY}"
    assert by_id(read(SYSTEM, server, location=location)) == all_expected(SYSTEM, 30)
    with connected(SYSTEM, server, location=location) as connector:
        assert connector.check() == github.REPOSITORY


def test_a_repository_without_issues_is_told(server: Server) -> None:
    location = f"{server.origin}/{github.SILENT_REPOSITORY}"
    with pytest.raises(RemoteRejectedError, match="disabled"):
        read(SYSTEM, server, location=location)
    with (
        connected(SYSTEM, server, location=location) as connector,
        pytest.raises(RemoteRejectedError, match="disabled in the GitHub repository someone/no-issues"),
    ):
        connector.check()


def test_a_repository_that_does_not_tell_whether_it_has_issues_may_have_some(server: Server) -> None:
    server.fail({"*": faults.patched(has_issues=None)})
    with connected(SYSTEM, server) as connector:
        assert connector.check() == github.REPOSITORY


def test_a_repository_that_is_not_there_is_told(server: Server) -> None:
    with (
        connected(SYSTEM, server, location=f"{server.origin}/no/body") as connector,
        pytest.raises(RemoteRejectedError, match="GitHub has no repository no/body, or the api_token may not see it"),
    ):
        connector.check()


def now_and(seconds: float) -> str:
    return str(int(time() + seconds))


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "1"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": now_and(-100)},
        {"Retry-After": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": now_and(3000)},
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_that_is_over_soon_is_waited_for(server: Server, status: int, headers: dict[str, str]) -> None:
    server.fail({"*": once(limited(headers, status=status))})
    start = monotonic()
    assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 30)
    assert monotonic() - start > 0.9


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("by_reset", [True, False])
def test_a_limit_that_lasts_says_when_to_try_again(server: Server, status: int, by_reset: bool) -> None:  # noqa: FBT001
    until = datetime.now(UTC) + timedelta(hours=1)
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{until.timestamp():.0f}"}
    headers = reset if by_reset else {"Retry-After": format_datetime(until, usegmt=True)}
    before = attempts(server)
    error = failure(server, limited(headers, status=status))
    assert isinstance(error, RemoteUnavailableError)
    told = re.fullmatch(r"GitHub allows no more requests for now: try again after (.*) UTC", str(error))
    assert told
    assert abs(datetime.strptime(told[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC) - until) <= timedelta(minutes=1)
    assert attempts(server) - before == 1


@pytest.mark.parametrize(("status", "message"), [(403, "You have exceeded a secondary Rate Limit"), (429, "No")])
def test_a_limit_that_says_nothing_of_its_end_is_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch, status: int, message: str
) -> None:
    monkeypatch.setattr("backend.tracking.connectors.github.limits.SECONDARY_PAUSE", 0.3)
    server.fail({"*": once(limited({}, status=status, message=message))})
    start = monotonic()
    assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 30)
    assert monotonic() - start > 0.3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining": "17", "x-ratelimit-reset": now_and(100)},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"},
    ],
)
def test_another_403_is_a_refusal(server: Server, headers: dict[str, str]) -> None:
    before = attempts(server)
    error = failure(server, limited(headers, message="Resource not accessible"))
    assert isinstance(error, RemoteRejectedError)
    assert str(error) == "GitHub refused the api_token (403): check that it is the right one"
    assert attempts(server) - before == 1


@pytest.mark.parametrize("name", ["Retry-After", "x-ratelimit-reset"])
@pytest.mark.parametrize("number", ["1" + 14 * "0", "9" * 30, "9" * 400, "9" * 5000])
def test_a_limit_until_the_end_of_time_is_told_too(server: Server, name: str, number: str) -> None:
    error = failure(server, limited({"x-ratelimit-remaining": "0", name: number}))
    assert isinstance(error, RemoteUnavailableError)
    assert "try again after" in str(error)


def test_a_server_that_names_the_same_page_again_and_again_is_not_followed_for_ever(server: Server) -> None:
    link = f'<{server.url}/repositories/1/issues?after=1000>; rel="next"'
    error = failure(server, Fault(body="[]", headers={"Link": link}))
    assert "same page" in str(error)


def test_a_link_elsewhere_is_not_followed(server: Server) -> None:
    with github.server(records=1) as elsewhere:
        error = failure(server, Fault(body="[]", headers={"Link": f'<{elsewhere.url}/stolen>; rel="next"'}))
        assert elsewhere.stats().requests == 0
    assert "named an address at another host, which is not followed" in str(error)


def test_what_github_wants_to_be_told_is_told(server: Server) -> None:
    read(SYSTEM, server)
    last = server.stats().last
    assert last["headers"]["accept"] == "application/vnd.github+json"
    assert last["headers"]["x-github-api-version"] == "2022-11-28"
    assert last["headers"]["user-agent"].startswith("Upkeep/")
