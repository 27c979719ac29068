import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from backend.tracking.kernel.records import WorkRecord
from tests.integration.tracking.connections import all_expected, by_id, connected, read, tracker
from tests.servers.trackers import kimai, work
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

SYSTEM = tracker(kimai)


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with kimai.server(records=250) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


def lists(server: Server) -> int:
    return server.stats().by_key.get("timesheets", 0)


def page(server: Server, what: str, number: int) -> str:
    return f"{server.origin}/de_CH/admin/{what}/{number}/details"


@pytest.mark.parametrize(("what", "number"), [("project", 4), ("customer", 4)])
def test_a_place_that_is_unknown_is_not_asked_for_entries(server: Server, what: str, number: int) -> None:
    before = lists(server)
    with pytest.raises(RemoteRejectedError, match=f"no {what} 4, or the api_token may not see it"):
        read(SYSTEM, server, location=page(server, what, number))
    assert lists(server) == before


def test_a_place_of_others_is_refused(server: Server) -> None:
    with pytest.raises(RemoteRejectedError, match="does not let the api_token see"):
        read(SYSTEM, server, location=page(server, "project", kimai.FOREIGN_PROJECT))


def test_a_first_page_that_is_not_found_is_not_an_empty_one(server: Server) -> None:
    server.fail({"timesheets": faults.status(404)})
    with pytest.raises(RemoteRejectedError, match="no timesheets at this address"):
        read(SYSTEM, server)


def test_a_customer_has_the_entries_of_all_projects(server: Server) -> None:
    location = page(server, "customer", kimai.CUSTOMER)
    with connected(SYSTEM, server, location=location) as connector:
        assert connector.check() == "ACME & Söhne"
        assert by_id(connector.pages("")) == all_expected(SYSTEM, 250)


def test_an_answer_that_is_not_filtered_is_noticed(server: Server) -> None:
    foreign = kimai._entry(kimai.FOREIGN_ENTRIES[0], work.FIRST, is_full=True)
    server.fail({"timesheets": faults.text(json.dumps([foreign]))})
    with pytest.raises(RemoteResponseError, match="entries that do not belong to project 123"):
        read(SYSTEM, server)


def test_without_the_permission_the_owners_own_entries_come() -> None:
    with kimai.server(records=30, sees_all=False) as server:
        records = by_id(read(SYSTEM, server))
    own = {key: entry for key, entry in all_expected(SYSTEM, 30).items() if _login(entry) == kimai.OWNER.login}
    assert records == own
    assert own


def _login(entry: object) -> str:
    assert isinstance(entry, WorkRecord)
    assert entry.person
    return entry.person.username


def test_pages_are_asked_for_at_once() -> None:
    with kimai.server(records=1000, delay=0.05) as server:
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 1000)
        stats = server.stats()
    assert 1 < stats.peak <= 4
    assert stats.by_key["timesheets"] <= 10 / 0.8 + 1


@pytest.mark.parametrize("records", [500, 1100])
def test_the_number_of_pages_may_be_missing(records: int) -> None:
    with kimai.server(records=records, counts=False, most=500) as server:
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, records)


@pytest.mark.parametrize("options", [{}, {"counts": False, "most": 500}])
def test_entries_that_are_deleted_while_others_are_read_hide_none(options: dict[str, int]) -> None:
    with kimai.server(records=600, vanishes=True, **options) as server:
        assert by_id(read(SYSTEM, server)).keys() == all_expected(SYSTEM, 600).keys()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "Australia/Lord_Howe"])
def test_the_owner_of_the_token_may_be_anywhere(zone: str) -> None:
    with kimai.server(records=400, zone=zone) as server:
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 400)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_zone_that_is_not_told_hides_nothing(zone: str) -> None:
    with kimai.server(records=400, zone=zone) as server:
        server.fail({"me": faults.patched(timezone=None)})
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 400)


def test_a_zone_that_nobody_knows_is_told(server: Server) -> None:
    server.fail({"me": faults.patched(timezone="Mars/Olympus")})
    with pytest.raises(RemoteResponseError, match="time zone"):
        read(SYSTEM, server)


def test_what_moved_while_others_were_read_comes_again_the_next_time() -> None:
    with kimai.server(records=250, moves=True) as server:
        pages = read(SYSTEM, server)
        assert by_id(read(SYSTEM, server, pages[-1].position)).keys() >= {kimai.expected(125).external_id}


def test_what_changed_is_asked_for_by_the_servers_clock_in_utc(server: Server) -> None:
    position = read(SYSTEM, server)[-1].position
    read(SYSTEM, server, position)
    # On the clock of the stand-in the last entry began two and a half hours ago; an hour is asked for again.
    since = work.start(250) + timedelta(hours=1, minutes=30)
    assert server.stats().last["query"]["modified_after"] == f"{since:%Y-%m-%dT%H:%M:%S}"


def test_the_query_is_complete(server: Server) -> None:
    read(SYSTEM, server)
    query = server.stats().last["query"]
    wanted = {"user": "all", "project": "123", "full": "1", "size": "500", "orderBy": "begin", "order": "ASC"}
    assert wanted.items() <= query.items()
