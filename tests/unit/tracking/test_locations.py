from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.locations import EXAMPLES, LocationError, Place, SecretInLocationError, parsed, quoted

GITHUB = Place("https://api.github.com", "https://github.com", "someone/anything")
GITLAB = Place("https://gitlab.com/api/v4", "https://gitlab.com", "group/project")
YOUTRACK = Place("https://example.youtrack.cloud/api", "https://example.youtrack.cloud", "DEMO")
JIRA = Place("https://example.atlassian.net/rest/api/3", "https://example.atlassian.net", "DEMO")
KIMAI = Place("https://kimai.example.com/api", "https://kimai.example.com", "project=123")
CLOCKODO = Place("https://my.clockodo.com/api", "https://my.clockodo.com", "123")
TOGGL = Place("https://api.track.toggl.com", "https://track.toggl.com", "1234567/7654321")

RIGHT = {
    ApiKind.GITHUB: {
        "https://github.com/someone/anything.git": GITHUB,
        "https://github.com/someone/anything": GITHUB,
        "https://github.com/someone/anything/": GITHUB,
        "https://github.com/someone/anything.git/": GITHUB,
        "  https://github.com/someone/anything.git\n": GITHUB,
        "HTTPS://GitHub.com/someone/anything": GITHUB,
        "http://github.com/someone/anything": Place("https://api.github.com", "http://github.com", "someone/anything"),
        "https://www.github.com/someone/anything": GITHUB,
        "git@github.com:someone/anything.git": GITHUB,
        "git@github.com:someone/anything": GITHUB,
        "ssh://git@github.com/someone/anything.git": GITHUB,
        "ssh://git@ssh.github.com:443/someone/anything.git": GITHUB,
        "https://github.com/someone/anything/issues": GITHUB,
        "https://github.com/someone/anything/issues?q=is%3Aissue+is%3Aopen": GITHUB,
        "https://github.com/someone/anything/issues/41#issuecomment-1": GITHUB,
        "https://github.com/someone/any.thing.git": Place(GITHUB.api_url, GITHUB.web_url, "someone/any.thing"),
        "https://github.com/someone/anything.git.git": Place(GITHUB.api_url, GITHUB.web_url, "someone/anything"),
        "https://git.example.com/a/b": Place("https://git.example.com/api/v3", "https://git.example.com", "a/b"),
        "git@git.example.com:a/b.git": Place("https://git.example.com/api/v3", "https://git.example.com", "a/b"),
        "ssh://git@git.example.com:2222/a/b": Place("https://git.example.com/api/v3", "https://git.example.com", "a/b"),
        "http://127.0.0.1:8080/a/b": Place("http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080", "a/b"),
        "https://GitHub.com:443/someone/anything": GITHUB,
        "http://git.example.com:80/a/b": Place("http://git.example.com/api/v3", "http://git.example.com", "a/b"),
        "http://git.example.com:443/a/b": Place(
            "http://git.example.com:443/api/v3", "http://git.example.com:443", "a/b"
        ),
        "https://[::1]:8443/a/b": Place("https://[::1]:8443/api/v3", "https://[::1]:8443", "a/b"),
        "ssh://git@[::1]:22/a/b": Place("https://[::1]/api/v3", "https://[::1]", "a/b"),
        "https://octo.ghe.com/a/b": Place("https://api.octo.ghe.com", "https://octo.ghe.com", "a/b"),
    },
    ApiKind.GITLAB: {
        "https://gitlab.com/group/project.git": GITLAB,
        "https://gitlab.com/group/project": GITLAB,
        "https://gitlab.com/group/project/": GITLAB,
        "https://gitlab.com/group/project/-/issues": GITLAB,
        "https://gitlab.com/group/project/-/issues/?sort=created_date&state=opened": GITLAB,
        "git@gitlab.com:group/project.git": GITLAB,
        "ssh://git@gitlab.com:22/group/project.git": GITLAB,
        "ssh://git@altssh.gitlab.com:443/group/project.git": GITLAB,
        "https://gitlab.com/group/sub/sub/project.git": Place(GITLAB.api_url, GITLAB.web_url, "group/sub/sub/project"),
        "git@gitlab.com:group/sub/project.git": Place(GITLAB.api_url, GITLAB.web_url, "group/sub/project"),
        "https://gitlab.example.com:8443/a/b": Place(
            "https://gitlab.example.com:8443/api/v4", "https://gitlab.example.com:8443", "a/b"
        ),
    },
    ApiKind.YOUTRACK: {
        "https://example.youtrack.cloud/newIssue?project=DEMO": YOUTRACK,
        "https://example.youtrack.cloud/newIssue?project=DEMO&draftId=1-23": YOUTRACK,
        "https://example.youtrack.cloud/newIssue?draftId=1-23&project=DEMO": YOUTRACK,
        "https://example.youtrack.cloud/newIssue/?project=DEMO": YOUTRACK,
        "https://example.youtrack.cloud/projects/DEMO": YOUTRACK,
        "https://example.youtrack.cloud/projects/DEMO/settings": YOUTRACK,
        "https://example.youtrack.cloud/issues/DEMO": YOUTRACK,
        "https://example.youtrack.cloud/issues?q=project:%20DEMO": YOUTRACK,
        "https://example.youtrack.cloud/issues?q=%23Unresolved+Project:+%7BDEMO%7D+sort+by:+updated": YOUTRACK,
        "https://example.youtrack.cloud/issues/?preview=D-2&q=project:DEMO%20summary:%20%22project:%20A%22": YOUTRACK,
        "https://example.youtrack.cloud/issues?q=project:%20DEMO%20or%20project:%20DEMO": YOUTRACK,
        "https://x.myjetbrains.com/youtrack/issues?q=project:%20DEMO": Place(
            "https://x.myjetbrains.com/youtrack/api", "https://x.myjetbrains.com/youtrack", "DEMO"
        ),
        "https://example.youtrack.cloud/issue/DEMO-123": YOUTRACK,
        "https://example.youtrack.cloud/issue/DEMO-123/projects/OTHER-1": YOUTRACK,
        "https://x.myjetbrains.com/youtrack/newIssue?project=DEMO": Place(
            "https://x.myjetbrains.com/youtrack/api", "https://x.myjetbrains.com/youtrack", "DEMO"
        ),
        "https://x.myjetbrains.com/youtrack/newIssue/?project=DEMO": Place(
            "https://x.myjetbrains.com/youtrack/api", "https://x.myjetbrains.com/youtrack", "DEMO"
        ),
        "https://x.myjetbrains.com/youtrack/issue/DEMO-1/a-title": Place(
            "https://x.myjetbrains.com/youtrack/api", "https://x.myjetbrains.com/youtrack", "DEMO"
        ),
    },
    ApiKind.JIRA: {
        "https://example.atlassian.net/jira/software/projects/DEMO/boards/1": JIRA,
        "https://example.atlassian.net/jira/software/c/projects/DEMO/issues": JIRA,
        "https://example.atlassian.net/jira/core/projects/DEMO/board": JIRA,
        "https://example.atlassian.net/jira/servicedesk/projects/DEMO/queues/custom/1": JIRA,
        "https://example.atlassian.net/projects/DEMO/issues": JIRA,
        "https://example.atlassian.net/issues/?jql=project%20%3D%20DEMO%20ORDER%20BY%20project%20DESC": JIRA,
        "https://example.atlassian.net/jira/issues?filter=-1&jql=status+%3D+Done+and+PROJECT%3D%22DEMO%22": JIRA,
        "https://example.atlassian.net/issues/?jql=project%20in%20(DEMO)%20AND%20project%20!%3D%20OTHER": JIRA,
        "https://example.atlassian.net/issues/?jql=project%20%3D%20demo%20AND%20text~%22project%20%3D%20A%22": JIRA,
        "https://example.atlassian.net/secure/IssueNavigator.jspa?reset=true&jqlQuery=project+%3D+'DEMO'": JIRA,
        "https://example.atlassian.net/secure/RapidBoard.jspa?rapidView=1&projectKey=DEMO": JIRA,
        "https://example.atlassian.net/browse/DEMO": JIRA,
        "https://example.atlassian.net/browse/DEMO-123": JIRA,
        "https://example.atlassian.net/browse/DEMO-123?focusedId=1": JIRA,
        "https://example.atlassian.net/browse/D2_A-123": Place(JIRA.api_url, JIRA.web_url, "D2_A"),
    },
    ApiKind.KIMAI: {
        "https://kimai.example.com/en/admin/project/123/details": KIMAI,
        "https://kimai.example.com/de_CH/admin/project/123/details": KIMAI,
        "https://kimai.example.com/zh_CN/admin/project/123": KIMAI,
        "https://kimai.example.com/en/admin/customer/234/details": Place(KIMAI.api_url, KIMAI.web_url, "customer=234"),
        "https://kimai.example.com/zh_Hant_TW/admin/project/123/details": KIMAI,
        "https://kimai.example.com/en/reporting/project_details?project=123": KIMAI,
        "https://kimai.example.com/en/admin/timesheet/?projects%5B%5D=123&customers%5B%5D=234": KIMAI,
        "https://kimai.example.com/en/admin/project/?customers[]=234": Place(
            KIMAI.api_url, KIMAI.web_url, "customer=234"
        ),
        "https://example.com/kimai/en/admin/project/1/details": Place(
            "https://example.com/kimai/api", "https://example.com/kimai", "project=1"
        ),
    },
    ApiKind.CLOCKODO: {
        "https://my.clockodo.com/en/projectreports/report/?id=123": CLOCKODO,
        "https://my.clockodo.com/de/projectreports/report?since=2026&id=123": CLOCKODO,
    },
    ApiKind.TOGGL: {
        "https://track.toggl.com/1234567/projects/7654321/team": TOGGL,
        "https://track.toggl.com/1234567/projects/7654321": TOGGL,
        "https://track.toggl.com/1234567/projects/7654321/dashboard?x=1": TOGGL,
        "https://track.toggl.com/projects/1234567/list": Place(TOGGL.api_url, TOGGL.web_url, "1234567"),
        "https://track.toggl.com/1234567/clients": Place(TOGGL.api_url, TOGGL.web_url, "1234567"),
        "https://track.toggl.com/1234567": Place(TOGGL.api_url, TOGGL.web_url, "1234567"),
        "https://track.toggl.com/reports/summary/1234567/period/thisWeek/projects/7654321": TOGGL,
        "https://track.toggl.com/reports/detailed/1234567/from/2026-01-01/to/2026-01-31": Place(
            TOGGL.api_url, TOGGL.web_url, "1234567"
        ),
        "http://127.0.0.1:8080/1/projects/2": Place("http://127.0.0.1:8080", "http://127.0.0.1:8080", "1/2"),
    },
}

WRONG = {
    ApiKind.GITHUB: [
        "https://github.com",
        "https://github.com/someone",
        "https://github.com/someone/.git",
        "https://github.com/someone/.git/x",
        "https://github.com/someone/...git/x",
        "https://github.com/someone/%2e%2e",
        "https://github.com/orgs/acme/projects/3",
        "https://github.com/orgs/acme/projects/3/views/1",
        "https://github.com/ORGS/acme/repositories",
        "https://github.com/users/someone/projects/3",
        "https://git.example.com/orgs/acme/projects/3",
        "https://github.com/settings/tokens",
        "https://github.com/search/advanced",
        "https://github.com/sponsors/someone",
        "https://gist.github.com/someone/0123abc",
        "https://api.github.com/repos/someone/anything",
        "https://docs.github.com/en/issues",
        "https://raw.githubusercontent.com/someone/anything/main/README.md",
        "https://github.com/some one/anything",
        "https://github.com/someone/größe",
        "git@github.com:anything",
        "git@github.com",
        "git@:someone/anything",
        "github.com/someone/anything",
        "git://github.com/someone/anything",
        "file:///someone/anything",
    ],
    ApiKind.GITLAB: [
        "https://gitlab.com/group",
        "https://gitlab.com/group/-/issues",
        "https://gitlab.com/groups/group/-/boards",
        "https://gitlab.com/groups/group/sub/-/issues",
        "https://gitlab.com/users/someone/projects",
        "https://gitlab.com/dashboard/issues",
        "https://gitlab.com/api/v4/projects/1",
        "https://gitlab.com/group/%2e%2e/project",
        "https://gitlab.com/group/../project",
        "git@gitlab.com:project.git",
    ],
    ApiKind.YOUTRACK: [
        "https://example.youtrack.cloud",
        "https://example.youtrack.cloud/newIssue",
        "https://example.youtrack.cloud/newIssue?project=",
        "https://example.youtrack.cloud/newIssue?project=DE+MO}",
        "https://example.youtrack.cloud/agiles/108-4/current",
        "https://example.youtrack.cloud/issues",
        "https://example.youtrack.cloud/issues/{}",
        "https://example.youtrack.cloud/issues?q=project:",
        "https://example.youtrack.cloud/issues?q=DEMO",
        "https://example.youtrack.cloud/issues?q=project:%20DEMO,%20OTHER",
        "https://example.youtrack.cloud/issues?q=project:%20DEMO%20or%20project:%20OTHER",
        "https://example.youtrack.cloud/issues?q=project:%20-DEMO",
        "https://example.youtrack.cloud/issues?q=subproject:%20DEMO",
        "https://example.youtrack.cloud/issues?q=project:%20%7BA%20name%7D",
        "https://example.youtrack.cloud/issues?q=%22project:%20DEMO%22",
    ],
    ApiKind.JIRA: [
        "https://example.atlassian.net/jira/projects",
        "https://example.atlassian.net/browse/demo-1",
        "https://example.atlassian.net/projects/DEMOnstration",
        "https://example.atlassian.net/issues/?filter=-1",
        "https://example.atlassian.net/issues/?jql=assignee%20%3D%20DEMO%20order%20by%20project",
        "https://example.atlassian.net/issues/?jql=project%20in%20(DEMO,%20OTHER)",
        "https://example.atlassian.net/issues/?jql=project%20%3D%20DEMO%20OR%20project%20%3D%20OTHER",
        "https://example.atlassian.net/issues/?jql=project%20!%3D%20DEMO",
        "https://example.atlassian.net/issues/?jql=project%20not%20in%20(DEMO)",
        "https://example.atlassian.net/issues/?jql=NOT%20project%20%3D%20DEMO",
        "https://example.atlassian.net/issues/?jql=!(status%20%3D%20Done%20OR%20project%20%3D%20DEMO)",
        "https://example.atlassian.net/issues/?jql=project%20%3D%20%22A%20name%22",
        "https://example.atlassian.net/issues/?jql=project%20%3D%2010000",
        "https://example.atlassian.net/issues/?jql=project%20in%20projectsLeadByUser()",
        "https://example.atlassian.net/issues/?jql=text%20~%20%22project%20%3D%20DEMO%22",
        "https://example.atlassian.net/browse/DEMO-x",
        'https://example.atlassian.net/browse/DEMO"-1',
    ],
    ApiKind.KIMAI: [
        "https://kimai.example.com/en/admin/project/",
        "https://kimai.example.com/en/admin/project/abc/details",
        "https://kimai.example.com/en/admin/activity/1/details",
        "https://kimai.example.com/admin/project/1/details",
        "https://kimai.example.com/en/admin/timesheet/?projects[]=1&projects[]=2&customers[]=3",
        "https://kimai.example.com/en/admin/timesheet/?projects[]=x",
        "https://kimai.example.com/en/homepage?project=1",
        "https://kimai.example.com/../en/admin/project/1/details",
        "https://kimai.example.com/en/admin/project/1٣/details",
    ],
    ApiKind.CLOCKODO: [
        "https://my.clockodo.com/en/projectreports/report/",
        "https://my.clockodo.com/en/projectreports/report/?id=abc",
        "https://my.clockodo.com/en/customers/?id=123",
    ],
    ApiKind.TOGGL: [
        "https://track.toggl.com/timer",
        "https://track.toggl.com/projects/list",
        "https://track.toggl.com/12a/clients",
        "https://track.toggl.com/reports/summary/1234567/projects/1,2",
        "https://track.toggl.com/reports/summary/1234567/clients/3/projects/1",
    ],
}

NOWHERE = [
    "",
    "   ",
    "x",
    "https://",
    "https:///1/projects/2",
    "https://[::1/1/projects/2",
    "https://host:port/1/projects/2",
    "https://host:99999/1/projects/2",
    "https://ho st/1/projects/2",
    "https://host\0/1/projects/2",
    "https://h%6fst/1/projects/2",
    "https://ho\\st/1/projects/2",
    "javascript:alert(1)",
    "ftp://host/1/projects/2",
    "//host/1/projects/2",
]

right = [(kind, location, place) for kind, places in RIGHT.items() for location, place in places.items()]
wrong = [(kind, location) for kind, locations in WRONG.items() for location in locations]
kinds = st.sampled_from(ApiKind)
known = st.sampled_from([location for _, location, _ in right] + [location for _, location in wrong])


@pytest.mark.parametrize(("kind", "location", "place"), right)
def test_what_a_user_copies_leads_to_the_place(kind: ApiKind, location: str, place: Place) -> None:
    assert parsed(kind, location) == place


@pytest.mark.parametrize(("kind", "location"), wrong + [(kind, each) for kind in ApiKind for each in NOWHERE])
def test_anything_else_is_refused_with_an_example_of_a_right_one(kind: ApiKind, location: str) -> None:
    with pytest.raises(LocationError) as caught:
        parsed(kind, location)
    assert str(caught.value).startswith(f"not the address of a {kind} ")
    assert str(caught.value).endswith(f": a right one looks like {EXAMPLES[kind]}")


@pytest.mark.parametrize("kind", ApiKind)
def test_each_example_is_right(kind: ApiKind) -> None:
    assert parsed(kind, EXAMPLES[kind]).name


@pytest.mark.parametrize(
    "location",
    [
        "https://me:s3cr3t@{rest}",
        "https://s3cr3t@{rest}",
        "https://:s3cr3t@{rest}",
        "http://x-access-token:s3cr3t@{rest}",
        "ssh://git:s3cr3t@{rest}",
    ],
)
@pytest.mark.parametrize("kind", ApiKind)
def test_a_password_in_an_address_is_refused_and_not_repeated(kind: ApiKind, location: str) -> None:
    with pytest.raises(LocationError, match="put that into api_token") as caught:
        parsed(kind, location.format(rest=EXAMPLES[kind].removeprefix("https://")))
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


TOKENS = ["private_token", "access_token", "accessToken", "ACCESSTOKEN", "X-Auth-Token", "oauth[tokens]", "token2"]
KEYS = ["key", "apiKey", "APIKey", "api_key", "apikey", "x-api-key-1", "private_key", "secretKey"]
SECRETS = ["client_secret", "clientSecret", "password", "user_passwd", "passphrase", "pwd"]


@pytest.mark.parametrize("name", TOKENS + KEYS + SECRETS)
@pytest.mark.parametrize("kind", ApiKind)
def test_a_secret_in_a_query_is_refused_and_not_repeated(kind: ApiKind, name: str) -> None:
    example = EXAMPLES[kind]
    for sign in ("&" if "?" in example else "?", "#", "#/board?"):
        with pytest.raises(SecretInLocationError, match="put that into api_token") as caught:
            parsed(kind, f"{example}{sign}{name}=s3cr3t")
        assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["keyword", "search_keyword", "issueKey", "issue_key", "projectKey", "monkey", "tokenizer", "secretary"]
)
@pytest.mark.parametrize("kind", ApiKind)
def test_what_is_only_spelt_like_a_secret_is_none(kind: ApiKind, name: str) -> None:
    example = EXAMPLES[kind]
    assert parsed(kind, f"{example}{'&' if '?' in example else '?'}{name}=DEMO-1") == parsed(kind, example)


def place_of(kind: ApiKind, location: str) -> Place | None:
    try:
        return parsed(kind, location)
    except LocationError:
        return None


@given(kinds, st.text() | st.builds(str.__add__, known, st.text()) | st.builds(str.__add__, st.text(), known))
@example(ApiKind.GITHUB, "https://\ud800/a/b")
@example(ApiKind.YOUTRACK, "https://host/\ud800/issue/A-1")
@example(ApiKind.GITHUB, "https://\u2102\u2100/a/b")
def test_any_text_is_a_place_or_refused(kind: ApiKind, location: str) -> None:
    place = place_of(kind, location)
    if place:
        assert place.name
        assert place.name.isascii()
        assert place.name.isprintable()
        assert ".." not in f"{place.api_url}/{place.name}".split("/")
        assert quoted(place.name)


@given(kinds, known, st.integers(0, 200), st.characters())
def test_the_api_is_at_the_host_of_the_pages(kind: ApiKind, location: str, where: int, letter: str) -> None:
    place = place_of(kind, location[:where] + letter + location[where:])
    if place:
        api, web = urlsplit(place.api_url).hostname, urlsplit(place.web_url).hostname
        assert api in {web, f"api.{web}"}


def test_a_name_is_one_segment_of_a_path() -> None:
    assert quoted("group/sub/project") == "group%2Fsub%2Fproject"
