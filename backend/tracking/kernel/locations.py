"""Where a tracker's API is, by what a user copies out of the browser or from a clone command.

Sources of the forms: the web pages of each system. Scheme and port are kept, so that any address may be a
self-hosted server.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from backend.tracking.kernel.kinds import ApiKind

SCP = re.compile(r"[\w.-]+@(?P<host>[\w.-]+):(?!//)(?P<path>[^\s]+)")
"""`git@host:path`, as `git clone` takes it."""
SEGMENT = re.compile(r"[A-Za-z0-9._-]+")
"""A part of a path as GitHub and GitLab allow them; not that of the folder itself or of the one above."""
HOST = re.compile(r"[\w.-]+|[0-9a-f:.]*:[0-9a-f:.]*")
"""A name or an address, also one of IPv6."""
WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
SECRET = re.compile(
    r"(?:token|secret|passw(?:or)?d|passphrase|\bpwd|\b(?:api|access|auth|pass|private|secret) ?key|^key)s?\b"
)
"""In the words of the name of a query's value. Other keys are those of issues and projects."""
JIRA_KEY = re.compile(r"/(?:projects|browse)/([A-Z][A-Z0-9_]+)(?:-[0-9]+)?(?:/|$)")
KIMAI_SECTION = r"(?P<base>.*?)/[a-z]{2,3}(?:_[A-Za-z]+)*/"
KIMAI_PAGE = re.compile(KIMAI_SECTION + r"admin/(?P<what>project|customer)/(?P<id>[0-9]+)(?:/.*)?")
KIMAI_SEARCH = re.compile(KIMAI_SECTION + r"(?:admin|reporting|team|timesheet|export|invoice)/.*")
YOUTRACK_PAGE = re.compile(
    r"(?P<base>.*?)/(?:projects|issues|issue)/(?P<key>[A-Za-z][A-Za-z0-9_]*)(?:-[0-9]+)?(?:/.*)?"
)
YOUTRACK_SEARCH = re.compile(r"(?<![\w-])project:\s*([^\s,{}]+|\{[^{}]*\})(\s*,)?", re.IGNORECASE)
YOUTRACK_KEY = re.compile("[A-Za-z][A-Za-z0-9_]*")
JQL_PROJECT = re.compile(r"(?<![\w.])project\s*(?:=|\bin\b)\s*(\([^()]*\)|[^\s()]++(?:\s*\()?)", re.IGNORECASE)
JQL_NEGATED = re.compile(r"(?:\bnot\b|!)\s*(?:\(|project\b)", re.IGNORECASE)
JQL_TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'")
JQL_KEY = re.compile("[A-Za-z][A-Za-z0-9_]+")
TOGGL_PAGES = (
    re.compile(r"/(?P<workspace>[0-9]+)/projects/(?P<project>[0-9]+)(?:/.*)?"),
    re.compile(r"/projects/(?P<workspace>[0-9]+)(?:/.*)?"),
    re.compile(r"/(?P<workspace>[0-9]+)(?:/.*)?"),
    re.compile(
        r"/reports/(?:summary|detailed|weekly)/(?P<workspace>[0-9]+)(?:/period/\w+|/from/[0-9-]+/to/[0-9-]+)?"
        r"(?:/projects/(?P<project>[0-9]+))?/?"
    ),
)

WEB_HOSTS = {"www.github.com": "github.com", "ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
"""Where the pages are, by other hosts of the same system."""

NO_OWNERS = {
    ApiKind.GITHUB: re.compile(
        "about|account|apps|codespaces|collections|customer-stories|dashboard|discussions|enterprises?|events|explore"
        "|features|issues|join|login|logout|marketplace|new|notifications|organizations|orgs|pricing|pulls|readme"
        "|search|security|sessions|settings|signup|site|sponsors|stars|team|topics|trending|users",
        re.IGNORECASE,
    ),
    ApiKind.GITLAB: re.compile(
        "-|admin|api|dashboard|explore|groups|help|oauth|profile|projects|search|users", re.IGNORECASE
    ),
}
"""What comes first in the path of pages that belong to no repository: nobody can be called so there."""

USUAL_PORTS = {"http": 80, "https": 443}
"""They go without saying, so that one system has one address."""

EXAMPLES = {
    ApiKind.GITHUB: "https://github.com/someone/anything.git",
    ApiKind.GITLAB: "https://gitlab.com/group/project.git",
    ApiKind.YOUTRACK: "https://example.youtrack.cloud/newIssue?project=DEMO",
    ApiKind.JIRA: "https://example.atlassian.net/jira/software/projects/DEMO/boards/1",
    ApiKind.KIMAI: "https://kimai.example.com/en/admin/project/123/details",
    ApiKind.CLOCKODO: "https://my.clockodo.com/en/projectreports/report/?id=123",
    ApiKind.TOGGL: "https://track.toggl.com/1234567/projects/7654321/team",
}


class LocationError(ValueError):
    """Not where such a system keeps a project; the message shows what a right address looks like."""


class SecretInLocationError(LocationError):
    """It holds a password or a token, so it is not to be shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask, and for what."""

    api_url: str
    """The base address of the API; of Toggl, the origin that both of its APIs are below."""
    web_url: str
    """The base address of the pages for people."""
    name: str
    """GitHub `owner/repo`, GitLab `group/sub/project`, YouTrack and Jira `KEY`, Kimai `project=1` or `customer=1`,
    Clockodo `1`, Toggl `workspace` or `workspace/project`."""


def parsed(kind: ApiKind, location: str) -> Place:
    """The place that a location means. Raises LocationError, whose message does not repeat the location."""
    url = _url(location.strip())
    place = _PARSERS[kind](url) if url else None
    if place is None:
        what = "repository (a board is not one)" if kind is ApiKind.GITHUB else "project"
        raise LocationError(f"not the address of a {kind} {what}: a right one looks like {EXAMPLES[kind]}")
    return place


def host_without_tls(location: str, allowed: Collection[str]) -> str:
    """The host that would be asked over http:// although it is not among the allowed ones; else empty."""
    try:
        url = urlsplit(location.strip())
        host = url.hostname or ""
    except ValueError:
        return ""
    return host if url.scheme == "http" and host not in {name.lower() for name in allowed} else ""


def _url(location: str) -> SplitResult | None:
    """The location as a page's; None when it is no address. Raises SecretInLocationError."""
    scp = SCP.fullmatch(location)
    try:
        url = urlsplit(f"ssh://{scp['host']}/{scp['path']}" if scp else location)
        host, port = WEB_HOSTS.get(url.hostname or "", url.hostname), url.port
    except ValueError:
        return None
    is_ssh = url.scheme == "ssh"
    names = parse_qs(f"{url.query}&{url.fragment.rpartition('?')[2]}", keep_blank_values=True)
    has_secret = any(map(_is_secret, names))
    if has_secret or url.password is not None or (url.username is not None and not is_ssh):
        raise SecretInLocationError("an address must not hold a password or a token: put that into api_token")
    if url.scheme not in ("http", "https", "ssh") or not host or not HOST.fullmatch(host) or not _is_plain(location):
        return None
    name = f"[{host}]" if ":" in host else host
    if is_ssh:
        return url._replace(scheme="https", netloc=name)  # its port is not that of the web
    return url._replace(netloc=f"{name}:{port}" if port and port != USUAL_PORTS[url.scheme] else name)


def _is_secret(name: str) -> bool:
    return bool(SECRET.search(" ".join(WORD.findall(name)).lower()))


def _is_plain(location: str) -> bool:
    return location.isprintable() and " " not in location and not {".", ".."} & set(re.split("[/?#]", location))


def _origin(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc}"


def _parts(path: str) -> list[str]:
    """The names in a path of GitHub or GitLab; none when one of them cannot be."""
    parts = [part for part in path.removesuffix("/").removesuffix(".git").split("/") if part]
    return parts if all(map(SEGMENT.fullmatch, parts)) and not {".", ".."} & set(parts) else []


def _github(url: SplitResult) -> Place | None:
    owner, repository, *_ = [*_parts(url.path), "", ""]
    name = repository.removesuffix(".git")
    # Gists, documentation, the API itself, files.
    is_other_host = (url.hostname or "").endswith((".github.com", ".githubusercontent.com"))
    if name in ("", ".", "..") or NO_OWNERS[ApiKind.GITHUB].fullmatch(owner) or is_other_host:
        return None
    return Place(_github_api(url), _origin(url), f"{owner}/{name}")


def _github_api(url: SplitResult) -> str:
    if url.hostname == "github.com":
        return "https://api.github.com"
    # With data residency: https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency
    return f"https://api.{url.hostname}" if (url.hostname or "").endswith(".ghe.com") else f"{_origin(url)}/api/v3"


def _gitlab(url: SplitResult) -> Place | None:
    parts = _parts(url.path.partition("/-/")[0])
    if len(parts) < 2 or NO_OWNERS[ApiKind.GITLAB].fullmatch(parts[0]):  # noqa: PLR2004
        return None
    return Place(f"{_origin(url)}/api/v4", _origin(url), "/".join(parts))


def _youtrack(url: SplitResult) -> Place | None:
    keys = parse_qs(url.query).get("project")
    path = url.path.removesuffix("/")
    if path.endswith("/newIssue") and keys and re.fullmatch("[A-Za-z0-9_]+", keys[0]):
        base, key = path.removesuffix("/newIssue"), keys[0]
    elif match := YOUTRACK_PAGE.fullmatch(url.path):
        base, key = match["base"], match["key"]
    elif path.endswith("/issues") and (found := _searched_by_youtrack(url)):
        base, key = path.removesuffix("/issues"), found
    else:
        return None
    return Place(f"{_origin(url)}{base}/api", f"{_origin(url)}{base}", key)


def _searched_by_youtrack(url: SplitResult) -> str | None:
    """The key of the one project that a search of YouTrack is about; None: it is about none, several, or a name.

    Its language: https://www.jetbrains.com/help/youtrack/server/search-and-command-attributes.html
    """
    query = re.sub('"[^"]*"', " ", " ".join(parse_qs(url.query).get("q", [])))
    found = [(match[1].strip("{} "), match[2]) for match in YOUTRACK_SEARCH.finditer(query)]
    return _only(key if YOUTRACK_KEY.fullmatch(key) and not more else "" for key, more in found)


def _jira(url: SplitResult) -> Place | None:
    match = JIRA_KEY.search(url.path)
    key = match[1] if match else _searched_by_jira(url)
    return Place(f"{_origin(url)}/rest/api/3", _origin(url), key) if key else None


def _searched_by_jira(url: SplitResult) -> str | None:
    """The key of the one project that a search of Jira is about; None: it is about none, several, or a name.

    Its language: https://support.atlassian.com/jira-software-cloud/docs/jql-fields/
    """
    query = parse_qs(url.query)
    if boards := query.get("projectKey"):
        return _only(key if JQL_KEY.fullmatch(key) else "" for key in boards)
    jql = " ".join(query.get("jql", []) + query.get("jqlQuery", []))
    plain = JQL_TEXT.sub(lambda text: key if JQL_KEY.fullmatch(key := text[1] or text[2] or "") else "?", jql)
    if JQL_NEGATED.search(plain):
        return None
    keys = (match[1].removeprefix("(").removesuffix(")").strip() for match in JQL_PROJECT.finditer(plain))
    return _only(key.upper() if JQL_KEY.fullmatch(key) else "" for key in keys)


def _only(keys: Iterable[str]) -> str | None:
    """The one key that all of these are; None when they differ, one is empty, or there is none."""
    different = {key.casefold(): key for key in keys}
    return next(iter(different.values())) or None if len(different) == 1 else None


def _kimai(url: SplitResult) -> Place | None:
    if match := KIMAI_PAGE.fullmatch(url.path):
        name = f"{match['what']}={match['id']}"
    else:
        match, name = KIMAI_SEARCH.fullmatch(url.path), _searched_by_kimai(url) or ""
    if match is None or not name:
        return None
    base = f"{_origin(url)}{match['base']}"
    return Place(f"{base}/api", base, name)


def _searched_by_kimai(url: SplitResult) -> str | None:
    """The filter of a list or a report that is about one project or, without any, about one customer."""
    query = parse_qs(url.query)
    for what in ("project", "customer"):
        if ids := [number for name in (what, f"{what}s[]", f"{what}s") for number in query.get(name, ())]:
            found = _only(number if re.fullmatch("[0-9]+", number) else "" for number in ids)
            return f"{what}={found}" if found else None
    return None


def _clockodo(url: SplitResult) -> Place | None:
    ids = parse_qs(url.query).get("id")
    if "/projectreports/" not in url.path or not ids or not re.fullmatch("[0-9]+", ids[0]):
        return None
    return Place(f"{_origin(url)}/api", _origin(url), ids[0])


def _toggl(url: SplitResult) -> Place | None:
    match = next(filter(None, (page.fullmatch(url.path) for page in TOGGL_PAGES)), None)
    if match is None:
        return None
    api = "https://api.track.toggl.com" if url.hostname == "track.toggl.com" else _origin(url)
    return Place(api, _origin(url), "/".join(filter(None, match.groups())))


_PARSERS: dict[ApiKind, Callable[[SplitResult], Place | None]] = {
    ApiKind.GITHUB: _github,
    ApiKind.GITLAB: _gitlab,
    ApiKind.YOUTRACK: _youtrack,
    ApiKind.JIRA: _jira,
    ApiKind.KIMAI: _kimai,
    ApiKind.CLOCKODO: _clockodo,
    ApiKind.TOGGL: _toggl,
}


def quoted(name: str) -> str:
    """A place's name as one segment of a path: `group%2Fproject`."""
    return quote(name, safe="")
