from datetime import timedelta

import httpx2
import pytest
from pydantic import SecretStr

from backend.tracking import connectors
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Source
from backend.tracking.kernel.locations import parsed
from tests.integration.tracking.connections import HOSTS, all_expected, broken, by_id, read, tracker
from tests.servers.trackers import clockodo, work
from upkeep.remote.errors import RemoteRejectedError

SYSTEM = tracker(clockodo)


def test_a_small_project_is_one_request_besides_the_check() -> None:
    with clockodo.server(records=90) as server:
        pages = read(SYSTEM, server)
        assert by_id(pages) == all_expected(SYSTEM, 90)
        assert server.stats().by_key == {"123": 1, "entries": 1}


def test_a_large_project_is_a_few_requests_a_page() -> None:
    with clockodo.server(records=1000, delay=0.02) as server:
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 1000)
        stats = server.stats()
    assert stats.by_key["entries"] <= 6 * 10
    assert 1 < stats.peak <= 20


def test_lump_sums_are_no_work_and_not_broken_either() -> None:
    with clockodo.server(records=5) as server:
        pages = read(SYSTEM, server)
    assert len(by_id(pages)) == 5
    assert not broken(pages)


def test_more_than_a_page_in_one_moment_comes_to_an_end() -> None:
    with clockodo.server(records=250, at_once=True) as server:
        assert by_id(read(SYSTEM, server)).keys() == all_expected(SYSTEM, 250).keys()


def test_entries_that_are_deleted_while_others_are_read_hide_none() -> None:
    with clockodo.server(records=400, vanishes=True) as server:
        seen = by_id(read(SYSTEM, server)).keys()
    # Those of the first page, which only told how many there are, were gone before they were read.
    assert len(all_expected(SYSTEM, 400).keys() - seen) <= 3


def test_the_last_90_days_are_read_again() -> None:
    with clockodo.server(records=250) as server:
        position = read(SYSTEM, server)[-1].position
        again = read(SYSTEM, server, position)
        query = server.stats().last["query"]
    # And three days more, for those that began before.
    first = work.start(250) + timedelta(hours=2, minutes=30) - timedelta(days=93)
    recent = [number for number in range(1, 251) if work.start(number) >= first]
    assert by_id(again) == {clockodo.expected(number).external_id: clockodo.expected(number) for number in recent}
    assert query["time_until"] == "2100-01-01T00:00:00Z"


def test_the_program_is_named_as_clockodo_wants_it() -> None:
    with clockodo.server(records=1) as server:
        read(SYSTEM, server)
        headers = server.stats().last["headers"]
        assert headers["x-clockodo-external-application"] == "Upkeep;ada@example.com"
        nobody = httpx2.get(f"{server.url}/v4/projects/123", trust_env=False)
    assert nobody.status_code == 400


@pytest.mark.parametrize(
    ("username", "status"),
    [("a" * 60 + "@example.com", "refused"), (" ", "api_username is missing"), ("zoë", "characters")],
)
def test_a_username_that_is_not_fit_is_told(username: str, status: str) -> None:
    with clockodo.server(records=1) as server:
        place = parsed(clockodo.KIND, clockodo.location(server.origin))
        source = Source(clockodo.KIND, place, SecretStr(clockodo.TOKEN), username)
        with (
            pytest.raises(RemoteRejectedError, match=status),
            connectors.connect(source, Network(allow_http_hosts=HOSTS)) as connector,
        ):
            connector.check()
