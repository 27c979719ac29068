import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from backend.tracking.kernel.records import RecordPage, WorkRecord
from tests.integration.tracking.connections import all_expected, by_id, connected, read, tracker
from tests.servers.trackers import toggl, work
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.testing.servers import faults
from upkeep.testing.servers.faults import EVERYTHING, Fault
from upkeep.testing.servers.process import Server

SYSTEM = tracker(toggl)

MAX_RUNS = 10


def body(server: Server) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(server.stats().last["body"])
    return sent


def read_in_runs(position: str, **options: Any) -> list[RecordPage]:
    """Read with a quota that is used up again and again; each run goes on where the one before had to stop."""
    pages: list[RecordPage] = []
    for _ in range(MAX_RUNS):
        with (
            toggl.server(**options) as server,
            connected(SYSTEM, server) as connector,
            suppress(RemoteUnavailableError),
        ):
            for page in connector.pages(pages[-1].position if pages else position):
                pages.append(page)  # noqa: PERF402 - what came before the error is kept
            return pages
    pytest.fail(f"{MAX_RUNS} runs have not read everything")


def test_the_report_asks_for_the_project_with_names_and_without_rounding() -> None:
    with toggl.server(records=5) as server:
        read(SYSTEM, server)
        sent = body(server)
    assert sent["project_ids"] == [toggl.PROJECT]
    assert (sent["enrich_response"], sent["grouped"], sent["rounding"]) == (True, False, 0)


def test_without_a_project_the_whole_workspace_is_read() -> None:
    with toggl.server(records=5) as server:
        location = f"{server.origin}/projects/{toggl.WORKSPACE}/list"
        with connected(SYSTEM, server, location=location) as connector:
            assert connector.check() == "ACME"
            records = by_id(connector.pages(""))
        assert "project_ids" not in body(server)
    others = {key: entry for key, entry in records.items() if key not in all_expected(SYSTEM, 5)}
    assert len(others) == len(toggl.WITHOUT_PROJECT)
    assert {entry.breadcrumb for entry in others.values() if isinstance(entry, WorkRecord)} <= {"", "Büro", "会議"}


def test_another_workspace_may_be_hidden() -> None:
    with toggl.server(records=5) as server, pytest.raises(RemoteRejectedError, match="may not see it"):
        read(SYSTEM, server, location=f"{server.origin}/99/clients")


@pytest.mark.parametrize("gap", [600, 6000])
def test_empty_years_do_not_hide_the_ones_before(gap: int) -> None:
    with toggl.server(records=40, gap=gap) as server:
        assert by_id(read(SYSTEM, server)).keys() == all_expected(SYSTEM, 40).keys()


def test_a_project_that_ended_years_ago_is_read() -> None:
    with toggl.server(records=40) as server:
        server.fail({EVERYTHING: Fault(headers={"Date": "Wed, 07 Jan 2032 12:00:00 GMT"})})
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 40)


def test_a_quota_that_is_used_up_in_empty_years_hides_none_before() -> None:
    pages = read_in_runs("", records=40, gap=6000, quota=9)
    assert by_id(pages).keys() == all_expected(SYSTEM, 40).keys()


def test_a_quota_that_is_used_up_by_what_may_have_changed_is_no_circle() -> None:
    before = read_in_runs("", records=250, most=20)
    pages = read_in_runs(before[-1].position, records=253, most=20, quota=4)
    first = work.start(250) + timedelta(hours=2, minutes=30) - timedelta(days=90)
    recent = {toggl.expected(number).external_id for number in range(1, 254) if work.start(number) >= first}
    assert by_id(pages).keys() >= recent


def test_what_is_new_comes_before_a_download_that_had_to_stop_goes_on() -> None:
    with toggl.server(records=250, most=20) as server, connected(SYSTEM, server) as connector:
        complete = [*connector.pages("")][-1].position
        position = next(page.position for page in connector.pages(complete) if page.position != complete)
    with toggl.server(records=253, most=20) as server:
        new = by_id(page for page in read(SYSTEM, server, position) if page.position == position)
    assert {toggl.expected(number).external_id for number in (251, 252, 253)} <= new.keys()


@pytest.mark.parametrize("date", ["", "soon", "Wed, 01 Jan 2020 00:00:00 GMT"])
def test_a_server_without_a_clock_that_is_right_hides_nothing(date: str) -> None:
    with toggl.server(records=5) as server:
        server.fail({EVERYTHING: Fault(headers={"Date": date})})
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 5)


def test_a_quota_that_is_used_up_says_when_and_what_came_before_stands() -> None:
    pages: list[RecordPage] = []

    def take() -> None:
        for page in connector.pages(""):
            pages.append(page)  # noqa: PERF402 - what came before the error is kept

    with (
        toggl.server(records=250, quota=3) as server,
        connected(SYSTEM, server) as connector,
        pytest.raises(RemoteUnavailableError, match="in 40 minutes"),
    ):
        take()
    assert pages
    with toggl.server(records=250) as later:
        rest = read(SYSTEM, later, pages[-1].position)
    assert by_id([*pages, *rest]) == all_expected(SYSTEM, 250)


def test_a_plan_without_reports_is_told() -> None:
    with toggl.server(records=5) as server:
        server.fail({"time_entries": faults.status(402)})
        with pytest.raises(RemoteRejectedError, match="plan"):
            read(SYSTEM, server)


def test_the_same_page_again_is_noticed() -> None:
    loop = Fault(headers={"X-Next-ID": "1", "X-Next-Row-Number": "2", "X-Next-Timestamp": "3"})
    with toggl.server(records=5) as server:
        server.fail({"time_entries": loop})
        with pytest.raises(RemoteResponseError, match="same page again"):
            read(SYSTEM, server)


def test_pages_in_a_circle_are_noticed() -> None:
    with toggl.server(records=5, circles=True) as server, pytest.raises(RemoteResponseError, match="same page again"):
        read(SYSTEM, server)


def test_entries_that_are_deleted_while_others_are_read_hide_none() -> None:
    with toggl.server(records=450, vanishes=True) as server:
        assert by_id(read(SYSTEM, server)).keys() == all_expected(SYSTEM, 450).keys()


def test_null_is_an_empty_list() -> None:
    with toggl.server(records=5) as server:
        server.fail({"time_entries": Fault(body="null")})
        assert by_id(read(SYSTEM, server)) == {}
