"""What is special about YouTrack; everything else is in `test_connectors`."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from backend.tracking import connectors
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Source
from backend.tracking.connectors.youtrack.answer import FIELDS
from backend.tracking.kernel.locations import parsed
from backend.tracking.kernel.records import TaskRecord
from tests.integration.remote.test_servers import needs_schemas, validator
from tests.integration.tracking.connections import HOSTS, all_expected, by_id, connected, read, tracker
from tests.servers.trackers import youtrack
from tests.servers.trackers.youtrack import PEOPLE
from upkeep.remote.errors import RemoteRejectedError, RemoteUnavailableError
from upkeep.testing.servers import faults
from upkeep.testing.servers.faults import Fault
from upkeep.testing.servers.process import Server

SYSTEM = tracker(youtrack)

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with youtrack.server(records=30) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


def estimates(server: Server) -> set[Decimal | None]:
    return {each.estimate for each in by_id(read(SYSTEM, server)).values() if isinstance(each, TaskRecord)}


def test_the_place_has_its_name_and_a_server_below_a_path_is_found(server: Server) -> None:
    with connected(SYSTEM, server) as connector:
        assert connector.check() == "A demo"
    assert server.stats().last["path"] == "/youtrack/api/admin/projects/DEMO"


def test_drafts_and_other_projects_of_the_same_name_are_left_out(server: Server) -> None:
    (page,) = read(SYSTEM, server)
    assert len(page.records) == 30
    assert by_id([page]) == all_expected(SYSTEM, 30)


def test_a_project_is_found_in_any_case(server: Server) -> None:
    location = f"{server.origin}/youtrack/issues/demo"
    assert by_id(read(SYSTEM, server, location=location)) == all_expected(SYSTEM, 30)
    with connected(SYSTEM, server, location=location) as connector:
        assert connector.check() == "A demo"


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(403),
        faults.status(404),
        faults.patched(estimate=None),
        faults.patched(estimate={"field": None}),
        faults.patched(estimate={"field": {}}),
        faults.patched(estimate={"field": {"name": None}}),
    ],
    ids=["forbidden", "unknown", "none", "no field", "no name", "null"],
)
def test_a_project_that_does_not_tell_its_field_for_estimates_has_the_usual_one(server: Server, fault: Fault) -> None:
    assert estimates(server) == {None, Decimal("3.33"), Decimal("0.12")}
    server.fail({"timeTrackingSettings": fault})
    assert estimates(server) == {None, Decimal("8.00")}


@pytest.mark.usefixtures("impatient")
def test_while_the_field_for_estimates_cannot_be_asked_for_nothing_is_read(server: Server) -> None:
    server.fail({"timeTrackingSettings": faults.status(500)})
    with pytest.raises(RemoteUnavailableError):
        estimates(server)


def test_assignees_come_from_the_fields_that_the_tracker_names(server: Server) -> None:
    place = parsed(SYSTEM.KIND, SYSTEM.location(server.origin))
    source = Source(SYSTEM.KIND, place, SecretStr(SYSTEM.TOKEN), custom_assignee_fields=("Reviewers", "Assignee"))
    with connectors.connect(source, Network(allow_http_hosts=HOSTS)) as connector:
        third = by_id(connector.pages(""))["2-3"]
    assert isinstance(third, TaskRecord)
    assert third.assignees == (PEOPLE["zoe"], PEOPLE["ada"])


def test_one_page_is_asked_for_once(server: Server) -> None:
    before = server.stats().by_key.get("issues", 0)
    read(SYSTEM, server)
    assert server.stats().by_key["issues"] - before == 1
    assert server.stats().last["query"] == {
        "query": "project: {DEMO} sort by: updated asc",
        "fields": FIELDS,
        "$top": "100",
        "$skip": "0",
    }


def test_many_pages_are_asked_for_at_the_same_time() -> None:
    with youtrack.server(records=600, delay=0.2) as server:
        records = [each for page in read(SYSTEM, server) for each in page.records]
        assert 1 < server.stats().peak <= 4
    assert len(records) == 600
    assert {each.external_id for each in records} == all_expected(SYSTEM, 600).keys()


def test_issues_that_vanish_meanwhile_take_no_other_along() -> None:
    with youtrack.server(records=350, vanishes=True) as server:
        found = by_id(read(SYSTEM, server))
    assert found == all_expected(SYSTEM, 350)


def test_issues_that_were_all_changed_at_once_all_come() -> None:
    with youtrack.server(records=250, at_once=True) as server:
        assert by_id(read(SYSTEM, server)).keys() == all_expected(SYSTEM, 250).keys()


def test_the_hour_that_the_users_clock_tells_twice_hides_no_change() -> None:
    """Three issues a minute: after two hours the clock is at 02:00 in summer, after three again in winter."""
    for records in (3 * 170, 3 * 200):
        with youtrack.server(records=records) as server:
            position = read(SYSTEM, server)[-1].position
        with youtrack.server(records=records + 3) as server:
            found = by_id(read(SYSTEM, server, position))
        assert found.keys() >= all_expected(SYSTEM, records + 3).keys() - all_expected(SYSTEM, records).keys()
        times = [each.updated_at for each in found.values() if isinstance(each, TaskRecord) and each.updated_at]
        assert max(times) - min(times) <= timedelta(minutes=6)


@pytest.mark.parametrize("profiles", [{}, None, {"general": None}, {"general": {"timezone": None}}])
def test_a_user_whose_clock_is_not_known_misses_nothing(server: Server, profiles: object) -> None:
    position = read(SYSTEM, server)[-1].position
    with youtrack.server(records=33) as later:
        later.fail({"me": faults.patched(profiles=profiles)})
        found = by_id(read(SYSTEM, later, position))
    assert found.keys() >= {"2-31", "2-32", "2-33"}


def test_a_query_for_a_project_that_is_hidden_says_so(server: Server) -> None:
    message = "YouTrack has no project NOPE, or the api_token may not see it"
    with connected(SYSTEM, server, location=f"{server.origin}/youtrack/projects/NOPE") as connector:
        with pytest.raises(RemoteRejectedError, match=message):
            connector.check()
        with pytest.raises(RemoteRejectedError, match=message):
            next(connector.pages(""))


def test_a_page_that_is_refused_later_hides_no_project() -> None:
    with youtrack.server(records=150) as server:
        server.fail({"issues": faults.later(faults.status(400), after=1)})
        with connected(SYSTEM, server) as connector:
            pages = connector.pages("")
            assert len(next(pages).records) == 98
            with pytest.raises(RemoteRejectedError, match=r"YouTrack refused the request \(400\)"):
                next(pages)


@needs_schemas
def test_what_the_stand_in_says_follows_the_schema() -> None:
    for number in range(1, 4):
        validator("youtrack", "Issue").validate(youtrack.issue(number, youtrack.updated_at(number)))
    validator("youtrack", "Project").validate(youtrack.project())
    validator("youtrack", "TimeTrackingSettings").validate(youtrack.time_tracking())
    validator("youtrack", "Me").validate(youtrack.me())
    for status in (400, 401, 403, 404, 500):
        validator("youtrack", "Error").validate(json.loads(youtrack.Catalogue(records=0).error(status).body))
