"""The stand-ins themselves: a wrong stand-in makes every other test here worthless."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator

from tests.servers.tmdb import KEY, TOKEN, tmdb_server
from tests.servers.trackers import clockodo, github, kimai, toggl
from tests.servers.yts import UNKNOWN_FROM, yts_server
from upkeep.testing.servers import faults
from upkeep.testing.servers.limits import SlidingWindow
from upkeep.testing.servers.process import Server

SCHEMAS = Path(__file__).parents[4] / "shared" / "apis" / "openapi"

needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason=f"there are no schemas to compare with in {SCHEMAS}")

EVERYTHING = "external_ids,release_dates,credits"


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with tmdb_server() as server:
        yield server


@pytest.fixture
def tmdb(shared: Server) -> Server:
    shared.fail({})
    return shared


def closed(schema: Any) -> Any:
    """Return the schema without room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("nullable"):  # that is how OpenAPI 3.0 said it
        return {"anyOf": [closed({**schema, "nullable": False}), {"type": "null"}]}
    parts = {name: closed(part) for name, part in schema.items()}
    return parts | {"additionalProperties": False} if "properties" in parts and "type" in parts else parts


def validator(api: str, name: str) -> Draft202012Validator:
    document = json.loads((SCHEMAS / f"{api}.json").read_text())
    components = closed(document["components"])
    assert name in components["schemas"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


def get(server: Server, path: str, **params: str) -> httpx2.Response:
    with httpx2.Client(trust_env=False) as client:
        return client.get(server.url + path, params=params)


@needs_schemas
@pytest.mark.parametrize("tmdb_id", [*range(1, 20), 603, 1_000_001, 2**31 - 1])
def test_films_follow_the_schema_of_tmdb(tmdb: Server, tmdb_id: int) -> None:
    film = get(tmdb, f"/movie/{tmdb_id}", api_key=KEY, append_to_response=EVERYTHING).json()
    ids = get(tmdb, f"/movie/{tmdb_id}/external_ids", api_key=KEY).json()
    validator("tmdb", "MovieDetails").validate(film)
    validator("tmdb", "ExternalIds").validate(ids)
    assert film["id"] == ids["id"] == tmdb_id
    assert set(EVERYTHING.split(",")) < set(film)
    assert not any("id" in film[name] for name in EVERYTHING.split(","))


@needs_schemas
@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 500, 503, 504])
def test_errors_follow_the_schema_of_tmdb(tmdb: Server, status: int) -> None:
    tmdb.fail({"1": faults.status(status)})
    response = get(tmdb, "/movie/1", api_key=KEY)
    assert response.status_code == status
    validator("tmdb", "Error").validate(response.json())


@needs_schemas
@pytest.mark.parametrize("term", ["tt0000042", f"tt{UNKNOWN_FROM}"])
def test_lists_follow_the_schema_of_yts(term: str) -> None:
    with yts_server() as server:
        found = get(server, "/list_movies.json", query_term=term, limit="50").json()
    validator("yts", "ListResponse").validate(found)
    assert ("movies" in found["data"]) == (found["data"]["movie_count"] > 0)


@needs_schemas
def test_issues_follow_the_schema_of_github() -> None:
    with github.server(records=60, surprises=False) as server, httpx2.Client(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {github.TOKEN}"}
        repository = http.get(f"{server.url}/repos/{github.REPOSITORY}", headers=headers)
        first = http.get(f"{repository.url}/issues", params={"state": "all", "per_page": "100"}, headers=headers)
        second = http.get(first.links["next"]["url"], headers=headers)
        refused = http.get(f"{repository.url}/issues")
    assert len(first.json()) == len(second.json()) == 100
    for each in [*first.json(), *second.json()]:
        validator("github", "issue").validate(each)
    validator("github", "repository").validate(repository.json())
    validator("github", "basic-error").validate(refused.json())


@needs_schemas
def test_timesheets_follow_the_schema_of_kimai() -> None:
    headers = {"Authorization": f"Bearer {kimai.TOKEN}"}
    with (
        kimai.server(records=60, surprises=False) as server,
        httpx2.Client(base_url=server.url, headers=headers, trust_env=False) as http,
    ):
        full = http.get("/timesheets?user=all&project=123&full=1&size=500").json()
        short = http.get("/timesheets?user=all").json()
        project, me, behind = (http.get(path).json() for path in ("/projects/123", "/users/me", "/timesheets?page=9"))
    assert (len(full), len(short)) == (60, 50)
    for each in full:
        validator("kimai", "TimesheetFull").validate(each)
    for each in short:
        validator("kimai", "Timesheet").validate(each)
    validator("kimai", "Project").validate(project)
    validator("kimai", "User").validate(me)
    validator("kimai", "Error").validate(behind)


@needs_schemas
def test_entries_follow_the_schema_of_clockodo() -> None:
    headers = {
        "X-ClockodoApiUser": clockodo.USERNAME,
        "X-ClockodoApiKey": clockodo.TOKEN,
        "X-Clockodo-External-Application": "Tests;ada@example.com",
    }
    query = "time_since=2000-01-01T00:00:00Z&time_until=2100-01-01T00:00:00Z&filter[projects_id]=123&items_per_page=100"
    with (
        clockodo.server(records=60, surprises=False) as server,
        httpx2.Client(base_url=server.url, headers=headers, trust_env=False) as http,
    ):
        entries = http.get(f"/v2/entries?{query}&enhanced_list=true").json()["entries"]
        plain = http.get(f"/v2/entries?{query}").json()["entries"]
        project, old, new = (http.get(path).json() for path in ("/v4/projects/123", "/v2/entries", "/v4/projects/9"))
    assert {entry["type"] for entry in entries} == {1, 2, 3}
    for each in [*entries, *plain]:
        validator("clockodo", "EntryV2").validate(each)
    validator("clockodo", "ProjectV4").validate(project["data"])
    validator("clockodo", "SimpleErrorResponses").validate(old)
    validator("clockodo", "GeneralErrors").validate(new)


@needs_schemas
def test_reports_follow_the_schema_of_toggl() -> None:
    body = {"start_date": "2025-01-01", "end_date": "2025-12-31", "enrich_response": True, "page_size": 60}
    with (
        toggl.server(records=60, surprises=False) as server,
        httpx2.Client(base_url=server.url, auth=(toggl.TOKEN, "api_token"), trust_env=False) as http,
    ):
        groups = http.post(f"/reports/api/v3/workspace/{toggl.WORKSPACE}/search/time_entries", json=body).json()
        project = http.get(f"/api/v9/workspaces/{toggl.WORKSPACE}/projects/{toggl.PROJECT}").json()
        (workspace,) = http.get("/api/v9/me/workspaces").json()
    assert 1 < len(groups) < sum(len(group["time_entries"]) for group in groups) == 60
    for each in groups:
        validator("toggl", "DetailedReportGroup").validate(each)
    validator("toggl", "github_com_toggl_toggl_api_internal_models.Project").validate(project)
    validator("toggl", "github_com_toggl_toggl_api_internal_models.Workspace").validate(workspace)


@needs_schemas
def test_a_field_that_the_schema_does_not_know_would_be_noticed() -> None:
    assert not validator("tmdb", "MovieDetails").is_valid({"id": 1, "surprise": 1})
    assert not validator("github", "issue").is_valid(github.issue(1, github.FIRST) | {"surprise": 1})
    assert not validator("yts", "ListResponse").is_valid({"status": "ok", "data": {"movies": [{"id": 1}]}})


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/movie/1", {}, 401),
        ("/movie/1", {"api_key": "wrong"}, 401),
        ("/movie/0", {"api_key": KEY}, 404),
        ("/movie/1/songs", {"api_key": KEY}, 404),
        ("/films/1", {"api_key": KEY}, 404),
        ("/movie/1", {"api_key": KEY, "append_to_response": ",".join(["credits"] * 21)}, 400),
    ],
)
def test_tmdb_refuses_what_the_real_one_refuses(tmdb: Server, path: str, params: dict[str, str], status: int) -> None:
    assert get(tmdb, path, **params).status_code == status


def test_tmdb_takes_a_token_in_the_header(tmdb: Server) -> None:
    with httpx2.Client(headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as client:
        assert client.get(f"{tmdb.url}/movie/1").status_code == 200


def test_the_window_is_closed_and_slides() -> None:
    window = SlidingWindow(2)
    assert [window.refuses(moment) for moment in (0.0, 0.5, 1.0, 1.51, 2.6)] == [False, False, True, False, False]


def test_a_burst_is_refused_and_counted() -> None:
    with tmdb_server(limit=1) as server:
        statuses = [get(server, "/movie/1", api_key=KEY).status_code for _ in range(15)]
        assert statuses.count(429) == server.stats().refused > 0
        assert server.stats().requests == 15


def test_faults_end_after_their_times_or_when_replaced(tmdb: Server) -> None:
    tmdb.fail({"*": faults.status(500, times=2), "2": faults.status(404)})
    assert [get(tmdb, "/movie/1", api_key=KEY).status_code for _ in range(3)] == [500, 500, 200]
    assert get(tmdb, "/movie/2", api_key=KEY).status_code == 404
    tmdb.fail({})
    assert get(tmdb, "/movie/2", api_key=KEY).status_code == 200


def test_a_cut_is_noticed_and_a_truncation_is_not(tmdb: Server) -> None:
    tmdb.fail({"1": faults.cut(), "2": faults.truncated()})
    with pytest.raises(httpx2.RemoteProtocolError):
        get(tmdb, "/movie/1", api_key=KEY)
    assert len(get(tmdb, "/movie/2", api_key=KEY).content) == 20


def test_the_delay_is_kept_for_many_at_once() -> None:
    with tmdb_server(delay=0.2) as server, ThreadPoolExecutor(10) as pool:
        start = monotonic()
        waiting = [pool.submit(get, server, f"/movie/{number}", api_key=KEY) for number in range(1, 11)]
        assert all(future.result().status_code == 200 for future in waiting)
        assert monotonic() - start >= 0.2
        assert server.stats().peak > 1


def test_a_server_ends_with_its_block() -> None:
    with tmdb_server() as server:
        pass
    with pytest.raises(httpx2.ConnectError):
        get(server, "/movie/1", api_key=KEY)
