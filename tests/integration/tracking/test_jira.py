"""What is special about Jira; everything else is in `test_connectors`."""

import json
from collections.abc import Iterator

import httpx2
import pytest
from pydantic import SecretStr

from backend.tracking import connectors
from backend.tracking.connectors.network import Network
from backend.tracking.connectors.source import Source
from backend.tracking.kernel.locations import parsed
from backend.tracking.kernel.records import TaskRecord
from tests.integration.remote.test_servers import needs_schemas, validator
from tests.integration.tracking.connections import HOSTS, all_expected, by_id, connected, read, tracker
from tests.servers.trackers import jira
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError
from upkeep.testing.servers import faults
from upkeep.testing.servers.faults import Fault
from upkeep.testing.servers.process import Server

SYSTEM = tracker(jira)
SITE = "https://example.atlassian.net"

pytestmark = pytest.mark.usefixtures("impatient")


class Internet(httpx2.AsyncHTTPTransport):
    """Leads every host to one server, and tells which were asked."""

    def __init__(self, server: Server) -> None:
        # Each client has an event loop of its own, and so no connection may outlive a request.
        super().__init__(limits=httpx2.Limits(max_keepalive_connections=0))
        self._origin = httpx2.URL(server.origin)
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(f"{request.url.host}{request.url.path}")
        origin = self._origin
        request.url = request.url.copy_with(scheme=origin.scheme, host=origin.host, port=origin.port)
        return await super().handle_async_request(request)


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with jira.server(records=120) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


@pytest.fixture(scope="module")
def shared_scoped() -> Iterator[Server]:
    with jira.server(records=30, scoped=True) as server:
        yield server


@pytest.fixture
def scoped(shared_scoped: Server) -> Server:
    shared_scoped.fail({})
    return shared_scoped


def test_the_place_has_its_name(server: Server) -> None:
    with connected(SYSTEM, server, location=f"{server.origin}/browse/DEMO-123") as connector:
        assert connector.check() == "A demo"


def test_a_search_is_bounded_and_has_no_end(server: Server) -> None:
    position = read(SYSTEM, server)[-1].position
    read(SYSTEM, server, position)
    body = json.loads(server.stats().last["body"])
    assert body["jql"] == 'project = "DEMO" AND updated >= 1770747603482 ORDER BY updated ASC, key ASC'
    assert body["maxResults"] == 100
    assert set(body) == {"jql", "maxResults", "fields"}


def test_a_wrong_token_finds_nothing_and_is_told(server: Server) -> None:
    for fault in ({}, {"myself": Fault(status=200)}):
        server.fail(fault)
        with pytest.raises(RemoteRejectedError, match="api_token"):
            read(SYSTEM, server, token="wrong")


def test_a_token_that_is_revoked_meanwhile_is_no_empty_page(server: Server) -> None:
    unknown = Fault(body='{"issues": []}', headers={"x-seraph-loginreason": "AUTHENTICATED_FAILED"})
    server.fail({"jql": faults.later(unknown, after=1)})
    with connected(SYSTEM, server) as connector:
        pages = connector.pages("")
        assert len(next(pages).records) == 100
        with pytest.raises(RemoteRejectedError, match="api_token"):
            next(pages)


def test_a_token_that_comes_again_is_not_followed_for_ever() -> None:
    with jira.server(records=350, repeats=True) as server:
        with pytest.raises(RemoteResponseError, match="in circles"):
            read(SYSTEM, server)
        assert server.stats().by_key["jql"] == 2


def test_an_empty_page_that_goes_on_is_not_the_end() -> None:
    with jira.server(records=30, hollow=True) as server:
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 30)


def test_issues_that_vanish_meanwhile_take_no_other_along() -> None:
    with jira.server(records=250, vanishes=True) as server:
        assert by_id(read(SYSTEM, server)) == all_expected(SYSTEM, 250)


def test_a_project_that_is_hidden_says_so(server: Server) -> None:
    message = "Jira has no project NOPE, or the api_token may not see it"
    with connected(SYSTEM, server, location=f"{server.origin}/browse/NOPE") as connector:
        with pytest.raises(RemoteRejectedError, match=message):
            connector.check()
        with pytest.raises(RemoteRejectedError, match=message):
            next(connector.pages(""))


def test_a_page_that_is_refused_later_hides_no_project(server: Server) -> None:
    server.fail({"jql": faults.later(faults.status(400), after=1)})
    with connected(SYSTEM, server) as connector:
        pages = connector.pages("")
        assert len(next(pages).records) == 100
        with pytest.raises(RemoteRejectedError, match=r"Jira refused the request \(400\)"):
            next(pages)


def test_without_an_address_of_its_owner_a_token_is_not_sent(server: Server) -> None:
    before = server.stats().requests
    source = Source(SYSTEM.KIND, parsed(SYSTEM.KIND, SYSTEM.location(server.origin)), SecretStr(SYSTEM.TOKEN))
    with (
        pytest.raises(RemoteRejectedError, match="api_username is missing"),
        connectors.connect(source, Network(allow_http_hosts=HOSTS)),
    ):
        pass
    assert server.stats().requests == before


def source_at(site: str, token: str = SYSTEM.TOKEN) -> Source:
    return Source(SYSTEM.KIND, parsed(SYSTEM.KIND, f"{site}/browse/DEMO"), SecretStr(token), SYSTEM.USERNAME)


def test_a_token_with_scopes_goes_through_the_gateway_and_links_lead_to_the_site(scoped: Server) -> None:
    internet = Internet(scoped)
    with connectors.connect(source_at(SITE), Network(transport=internet)) as connector:
        assert connector.check() == "A demo"
        (page,) = connector.pages("")
    assert isinstance(page.records[0], TaskRecord)
    assert page.records[0].url == f"{SITE}/browse/DEMO-1"
    gateway = f"api.atlassian.com/ex/jira/{jira.CLOUD_ID}/rest/api/3"
    assert internet.asked == [
        "example.atlassian.net/rest/api/3/myself",
        "example.atlassian.net/_edge/tenant_info",
        f"{gateway}/myself",
        f"{gateway}/project/DEMO",
        f"{gateway}/search/jql",
    ]


def test_that_a_site_takes_nobody_for_somebody_does_not_matter(scoped: Server) -> None:
    scoped.fail({"tenant_info": Fault(headers={"x-seraph-loginreason": "AUTHENTICATED_FAILED"})})
    with connectors.connect(source_at(SITE), Network(transport=Internet(scoped))) as connector:
        assert connector.check() == "A demo"


def test_a_site_that_tells_nobody_about_itself_refuses_the_token(scoped: Server) -> None:
    scoped.fail({"tenant_info": faults.status(401)})
    internet = Internet(scoped)
    with (
        connectors.connect(source_at(SITE), Network(transport=internet)) as connector,
        pytest.raises(RemoteRejectedError, match=r"refused the api_token \(401\): check it"),
    ):
        connector.check()
    assert len(internet.asked) == 2


def test_a_token_that_the_gateway_refuses_too_is_refused(scoped: Server) -> None:
    internet = Internet(scoped)
    with (
        connectors.connect(source_at(SITE, "wrong"), Network(transport=internet)) as connector,
        pytest.raises(RemoteRejectedError, match=r"refused the api_token \(401\)"),
    ):
        connector.check()
    assert len(internet.asked) == 3


@pytest.mark.parametrize(
    "site", ["https://jira.example.com", "https://evilatlassian.net", "https://atlassian.net.example"]
)
def test_a_host_that_is_not_atlassians_gets_no_token_sent_to_the_gateway(scoped: Server, site: str) -> None:
    internet = Internet(scoped)
    with (
        connectors.connect(source_at(site), Network(transport=internet)) as connector,
        pytest.raises(RemoteRejectedError, match="api_token"),
    ):
        connector.check()
    assert internet.asked == [f"{site.removeprefix('https://')}/rest/api/3/myself"]


@pytest.mark.parametrize("cloud_id", ["../../evil", "a/b", "", 17, None])
def test_an_odd_cloud_is_not_asked(scoped: Server, cloud_id: object) -> None:
    internet = Internet(scoped)
    scoped.fail({"tenant_info": faults.patched(cloudId=cloud_id)})
    connected_to = connectors.connect(source_at(SITE), Network(transport=internet))
    with connected_to as connector, pytest.raises(RemoteResponseError):
        connector.check()
    assert len(internet.asked) == 2


@needs_schemas
def test_what_the_stand_in_says_follows_the_schema() -> None:
    issues = [jira.issue(number, jira.updated_at(number)) for number in range(1, 4)]
    answer = {"issues": issues, "nextPageToken": jira.token(jira.UPDATED, 3), "isLast": False}
    validator("jira", "SearchAndReconcileResults").validate(answer)
    for user in jira.USERS.values():
        validator("jira", "User").validate(user)
    validator("jira", "Project").validate(jira.PROJECT)
    for issue in issues:
        validator("jira", "StatusDetails").validate(issue["fields"]["status"])
