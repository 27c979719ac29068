"""What is special about GitLab; everything else is in `test_connectors`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from backend.tracking import connectors
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Source
from backend.tracking.kernel.locations import parsed
from backend.tracking.kernel.records import Record, RecordPage, TaskRecord
from tests.integration.remote.test_servers import get, needs_schemas, validator
from tests.integration.tracking.connections import all_expected, broken, by_id, connected, read, tracker
from tests.servers.trackers import gitlab
from upkeep.remote.errors import RemoteRejectedError
from upkeep.testing.servers import faults
from upkeep.testing.servers.faults import Fault
from upkeep.testing.servers.process import Server

SYSTEM = tracker(gitlab)

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with gitlab.server(records=120, surprises=False) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


def test_the_place_is_called_by_its_whole_path(server: Server) -> None:
    with connected(SYSTEM, server, location=f"{server.origin}/group/sub/project.git") as connector:
        assert connector.check() == "group/sub/project"


def test_a_group_in_a_group_stays_one_part_of_the_path(server: Server) -> None:
    read(SYSTEM, server)
    assert server.stats().last["path"] == "/api/v4/projects/group%2Fsub%2Fproject/issues"


def test_a_project_without_issues_is_told(server: Server) -> None:
    server.fail({"group%2Fsub%2Fproject": faults.patched(issues_enabled=False)})
    with (
        connected(SYSTEM, server) as connector,
        pytest.raises(RemoteRejectedError, match="disabled in the GitLab project group/sub/project"),
    ):
        connector.check()


def test_a_project_that_does_not_tell_whether_it_has_issues_may_have_some(server: Server) -> None:
    server.fail({"group%2Fsub%2Fproject": faults.patched(issues_enabled=None)})
    with connected(SYSTEM, server) as connector:
        assert connector.check() == "group/sub/project"


def test_another_project_is_hidden(server: Server) -> None:
    message = "GitLab has no project group/other, or the api_token may not see it"
    with connected(SYSTEM, server, location=f"{server.origin}/group/other") as connector:
        with pytest.raises(RemoteRejectedError, match=message):
            connector.check()
        with pytest.raises(RemoteRejectedError, match=message):
            next(connector.pages(""))


def test_issues_that_were_all_changed_at_once_are_counted_by_pages_forth_and_back() -> None:
    with gitlab.server(records=250, at_once=True) as server:
        pages = read(SYSTEM, server)
        assert by_id(pages).keys() == all_expected(SYSTEM, 250).keys()
        assert [len(page.records) for page in pages] == [100, 0, 100, 50, 100, 100]
        assert server.stats().requests == 6


@pytest.mark.parametrize("event", ["moves", "vanishes"])
def test_issues_that_were_all_changed_at_once_are_not_missed_when_one_leaves(event: str) -> None:
    with gitlab.server(records=350, at_once=True, **{event: True}) as server:
        found = by_id(read(SYSTEM, server))
    assert found.keys() == all_expected(SYSTEM, 350).keys()


def test_a_position_waits_for_the_way_back() -> None:
    with gitlab.server(records=250, at_once=True, moves=True) as server:
        positions = [page.position for page in read(SYSTEM, server)]
    assert len(set(positions[:-1])) == 1
    assert positions[-1] > positions[-2]


def test_issues_that_vanish_meanwhile_take_no_other_along() -> None:
    with gitlab.server(records=250, vanishes=True) as server:
        found = by_id(read(SYSTEM, server))
    assert found == all_expected(SYSTEM, 250)


def test_where_two_pages_meet_no_issue_comes_twice(server: Server) -> None:
    records = [each for page in read(SYSTEM, server) for each in page.records]
    assert len(records) == len({each.external_id for each in records}) == 120


def test_what_is_asked_for_begins_before_the_position_and_ends_nowhere(server: Server) -> None:
    position = read(SYSTEM, server)[-1].position
    read(SYSTEM, server, position)
    assert server.stats().last["query"] == {
        "order_by": "updated_at",
        "sort": "asc",
        "per_page": "100",
        "page": "1",
        "updated_after": "2026-02-10T18:20:03.007Z",
    }


def test_half_a_character_keeps_nothing_back(server: Server) -> None:
    """As a title ends that some program cut in the middle of an emoji."""
    issues = [gitlab.issue(number, gitlab.updated_at(number)) for number in (1, 2)]
    body = json.dumps([issues[0] | {"title": "Cut \ud83d"}, issues[1]])
    server.fail({"issues": Fault(body=body, headers={"x-next-page": ""})})
    first, second = by_id(read(SYSTEM, server)).values()
    assert isinstance(first, TaskRecord)
    assert first.title == "Cut \ufffd"
    assert second == gitlab.expected(2)


def test_plain_text_that_says_later_is_waited_for(server: Server) -> None:
    before = server.stats().requests
    server.fail({"issues": faults.status(429, times=1)})
    assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 120)
    assert server.stats().requests - before == 3


@pytest.fixture(scope="module")
def busy() -> Iterator[Server]:
    """A project with issues and merge requests of the same numbers and ids."""
    with gitlab.server(records=120, merge_requests=130) as server:
        yield server


def expected_merge_requests(count: int) -> dict[str, Record]:
    return {record.external_id: record for record in map(gitlab.expected_merge_request, range(1, count + 1))}


def test_merge_requests_come_when_they_are_wanted_and_are_taken_for_no_issues(busy: Server) -> None:
    assert by_id(read(SYSTEM, busy)) == all_expected(SYSTEM, 120)
    found = by_id(read(SYSTEM, busy, merge_requests=True))
    assert found == all_expected(SYSTEM, 120) | expected_merge_requests(130)


def test_of_merge_requests_only_those_come_that_changed_since(busy: Server) -> None:
    before = read(SYSTEM, busy, merge_requests=True)
    again = read(SYSTEM, busy, before[-1].position, merge_requests=True)
    assert len(by_id(again)) < 50
    assert again[-1].position == before[-1].position
    with gitlab.server(records=121, merge_requests=133) as later:
        news = by_id(read(SYSTEM, later, before[-1].position, merge_requests=True))
    everything = all_expected(SYSTEM, 121) | expected_merge_requests(133)
    assert everything.keys() - by_id(before).keys() <= news.keys() < everything.keys()


def test_a_download_goes_on_within_the_merge_requests(busy: Server) -> None:
    pages: list[RecordPage] = []
    busy.fail({"merge_requests": faults.later(faults.status(404), after=1)})

    def take() -> None:
        for page in connector.pages(""):
            pages.append(page)  # noqa: PERF402 - what comes before the error

    with connected(SYSTEM, busy, merge_requests=True) as connector, pytest.raises(RemoteRejectedError):
        take()
    busy.fail({})
    assert len(by_id(pages)) == 220
    rest = by_id(read(SYSTEM, busy, pages[-1].position, merge_requests=True))
    assert len(rest) < 100
    assert by_id(pages) | rest == all_expected(SYSTEM, 120) | expected_merge_requests(130)


@pytest.mark.parametrize("options", [{"moves": True}, {"vanishes": True}, {"at_once": True}])
def test_merge_requests_that_change_meanwhile_are_not_missed(options: dict[str, Any]) -> None:
    with gitlab.server(records=0, merge_requests=250, **options) as server:
        found = by_id(read(SYSTEM, server, merge_requests=True))
    assert found.keys() == expected_merge_requests(250).keys()


def test_a_broken_merge_request_is_told_by_its_own_id() -> None:
    with gitlab.server(records=0, merge_requests=3, broken=2) as server:
        (problem,) = broken(read(SYSTEM, server, merge_requests=True))
    assert problem.external_id == f"MergeRequest/{2**40 + 2}"


def test_merge_requests_that_are_switched_off_are_told(server: Server) -> None:
    server.fail({"group%2Fsub%2Fproject": faults.patched(merge_requests_enabled=False)})
    with connected(SYSTEM, server) as connector:
        assert connector.check()
    with (
        connected(SYSTEM, server, merge_requests=True) as connector,
        pytest.raises(RemoteRejectedError, match="Merge requests are disabled in the GitLab project group/sub/"),
    ):
        connector.check()


@pytest.mark.parametrize(("origin", "rate"), [("https://gitlab.com", 33.0), ("https://gitlab.example.com", None)])
def test_only_the_cloud_has_a_pace(origin: str, rate: float | None) -> None:
    source = Source(SYSTEM.KIND, parsed(SYSTEM.KIND, f"{origin}/group/project"), SecretStr("x"))
    with connectors.connect(source, Network()) as connector:
        assert connector._client.requests_per_second == rate  # type: ignore[attr-defined]


@needs_schemas
def test_what_the_stand_in_says_follows_the_schema() -> None:
    def valid(name: str) -> Draft202012Validator:
        return validator("gitlab", name)

    for number in range(1, 5):
        valid("Issue").validate(gitlab.issue(number, gitlab.updated_at(number)))
    valid("Project").validate(gitlab.project())
    for user in gitlab.USERS.values():
        valid("User").validate(user)
    for error in gitlab.ERRORS.values():
        valid("Error").validate(error)


@pytest.mark.parametrize(
    ("path", "status"), [("/projects/group%2Fsub%2Fproject", 401), ("/projects/group/sub/project", 401), ("/user", 401)]
)
def test_nobody_is_let_in_without_a_token(server: Server, path: str, status: int) -> None:
    assert get(server, path).status_code == status
