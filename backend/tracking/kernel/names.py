"""The codes and the addresses of tasks, as people write them, made comparable.

Sources: https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
and https://docs.gitlab.com/user/markdown/#gitlab-specific-references; the addresses are those that browsers show.
"""

import re
import string
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from backend.tracking.kernel.kinds import ApiKind, NameKind
from backend.tracking.kernel.locations import Place

LONGEST_ADDRESS = 2_000
"""Characters; what is longer is no address of a task."""
MAX_ADDRESSES = 20
"""Of one text: at most this many are looked at."""

FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""As `lower(… COLLATE "C")` of PostgreSQL folds, by which stored codes are found."""
NUMBERED = frozenset({ApiKind.GITHUB, ApiKind.GITLAB})
"""Their codes are numbers within a project: `#12`."""
KEYED = frozenset({ApiKind.JIRA, ApiKind.YOUTRACK})
"""Their codes begin with the project's key: `ABC-12`."""

OPENING, CLOSING = r"[\s(\[{<\"'`*]*+", r"[\s)\]}>\"'`*.,:;?!]*+"
"""What may stand round a code: blanks, brackets, quotes and punctuation."""
SLUG = r"(?P<slug>[-_](?=\S*[^\W\d_])(?!\d\d-\d\d)\S*+)?"
"""What follows the number in the name of a branch, such as `12-fix-login`; a date is none, whatever follows it."""
FOLDERS = r"(?:[a-z][\w-]*/)"
"""What is before it in such a name, `feature/12-fix-login`; the name of a host is none."""
REFERENCE = re.compile(
    rf"{OPENING}(?:(?P<project>[\w.-]+(?:/[\w.-]+)*)?(?P<sign>[#!])|g[hl]-|(?P<folders>{FOLDERS}+))?"
    rf"(?P<number>[1-9][0-9]*){SLUG}{CLOSING}"
)
"""`#12`, `12`, `gh-12`, `12-fix-login`, `feature/12-fix-login`, `group/project#12`, `!34`."""
KEY = re.compile(rf"{OPENING}{FOLDERS}*(?P<project>[a-z][a-z0-9_]*)-(?P<number>[0-9]+){SLUG}{CLOSING}")
"""`abc-12`, `abc-12-fix-login`, `feature/abc-12`."""

ADDRESS = re.compile(
    r"(?P<scheme>https?://)?(?:[^\s/?#@]*@)?(?P<host>\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)(?::(?P<port>[0-9]*))?"
    r"(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
USUAL_PORTS = ("", "80", "443")
NUMBERED_PAGE = re.compile(r"(?:/-)?/(issues|work_items|merge_requests)/(?:incident/)?([0-9]+)(?=/|\Z)")
"""Of GitHub and GitLab. GitLab has `/-/issues/12`, from 18.10 on `/-/work_items/12`, and had no `/-` before 12.0."""
KEYED_PAGE = re.compile(r"(?:/projects/[^/]+)?/(?:browse|issues?)/([a-z][a-z0-9_]*-[0-9]+)(?=/|\Z)")
"""Of Jira, `/browse/ABC-12`, and of YouTrack, `/issue/ABC-12/the-title`."""
PROJECT_PAGE = re.compile(
    r"/jira(?:/(?!projects/)[a-z]+)+/projects/(?P<project>[a-z][a-z0-9_]*)(?:/[^/]+)*?/((?P=project)-[0-9]+)(?=/|\Z)"
)
"""Of Jira: an issue in a list of its project, `/jira/software/c/projects/ABC/issues/ABC-12`, or in a queue."""
SELECTED = re.compile(r"(?:\A|&)selectedissue=([a-z][a-z0-9_]*-[0-9]+)(?=&|\Z)", re.IGNORECASE)
"""In the query of Jira's boards, backlogs and timelines, below `/jira/`: the issue that is open there."""
IN_TEXT = re.compile(
    r"https?://(?:\[[0-9a-f:.]+\])?"
    r"(?:(?!https?://)[^\s<>\"'`|\\^{}\[\]()\u00ab\u00bb\u2013-\u201f\u2026\u3000-\u3011\uff01-\uff1f])+",
    re.IGNORECASE,
)
"""Ends before quotes, brackets, dashes and the punctuation of Chinese and Japanese, and where the next one begins."""
TRAILING = ".,;:!?*_~-"
"""What follows an address, and is hardly part of it."""


class ProjectFacts(NamedTuple):
    """What a system says of the project that a tracker reads."""

    external_id: str
    """Stays when the project is renamed; empty when that is not given."""
    name: str
    """As `Place.name`."""
    web_url: str = ""
    """Where the pages of the system are; empty: where the tracker's location says."""


class Keys(NamedTuple):
    """By what a name is looked up."""

    own: tuple[str, ...] = ()
    """What is written, made comparable; none: no task of the tracker is called so."""
    others: tuple[str, ...] = ()
    """The same under the other names that its project has or had."""
    is_former: bool = False
    """Whether it is written with a former name of the project."""


def compared(kind: NameKind, name: str) -> str:
    """The name as it is compared with others of its kind; empty when it is not one."""
    return folded(name) if kind is NameKind.CODE else url_key(name)


def folded(code: str) -> str:
    """The code without regard to case."""
    return code.translate(FOLDED)


def url_key(address: str) -> str:
    """The address as it is compared; empty when it is no task's. The key of a key is the key itself.

    `http` and `https` are the same, and so are `www.` and without, any case, and a character and its `%…`. The port
    counts unless it is that of `http` or `https`; query, fragment and what is below a task's page do not. A board of
    Jira on which an issue is open is the page of that issue.
    """
    found = ADDRESS.fullmatch(address.strip()) if len(address) <= LONGEST_ADDRESS else None
    if found is None or (not found["scheme"] and found["path"].startswith("//")):
        return ""
    host = found["host"].lower().rstrip(".").removeprefix("www.")
    port = "" if (found["port"] or "") in USUAL_PORTS else f":{found['port']}"
    selected = SELECTED.search(found["query"] or "") if found["path"].lower().startswith("/jira/") else None
    path = f"/issue/{selected[1].lower()}" if selected else _path_key(found["path"])
    key = f"{host}{port}{path}"
    return key if host and path and len(key) <= LONGEST_ADDRESS else ""


def _path_key(path: str) -> str:
    plain = (unquote(path) if "%" in path else path).lower()
    parts = "".join(f"/{part}" for part in plain.split("/") if part)
    if page := NUMBERED_PAGE.search(parts):
        kind = "merge_requests" if page[1] == "merge_requests" else "issues"
        parts = f"{parts[: page.start()]}/{kind}/{page[2]}"
    elif page := PROJECT_PAGE.search(parts) or KEYED_PAGE.search(parts):
        parts = f"{parts[: page.start()]}/issue/{page[page.re.groups]}"
    return quote(parts, safe="/", errors="replace")


def addresses(text: str) -> list[str]:
    """The addresses in a text, in their order, without what punctuation and markup stand round them."""
    if "://" not in text:
        return []
    found = (match[0].rstrip(TRAILING) for match in IN_TEXT.finditer(text))
    return list(dict.fromkeys(address for _, address in zip(range(MAX_ADDRESSES), found, strict=False)))


class ProjectNames:
    """What a tracker's project is called where it is, and was."""

    def __init__(self, kind: ApiKind | None, pages: Sequence[str] = ()) -> None:
        """Of a tracker of this kind, with the addresses of its page (see `page`): former ones, and last that of now."""
        self.kind = kind
        keys = [url_key(f"{page}-1").removesuffix("-1") if kind in KEYED else url_key(page) for page in pages]
        self._pages = list(filter(None, keys))
        self._names = [key.rpartition("/")[2] if kind in KEYED else key.partition("/")[2] for key in self._pages]

    def code_keys(self, written: str) -> Keys:
        """By what to look for the task of this code; codes in the database are `folded`."""
        text = folded(written.strip())
        if self.kind in NUMBERED:
            return self._reference(text)
        return self._keyed(text) if self.kind in KEYED else Keys()

    def url_keys(self, address: str) -> Keys:
        """By what to look for the task of this address."""
        key, end = url_key(address), "-" if self.kind in KEYED else "/"
        mine = next((page for page in self._pages if key.startswith(page + end)), None)
        if mine is None:
            return Keys((key,) if key else ())
        return self._everywhere(mine, key.removeprefix(mine), self._pages)

    def _reference(self, text: str) -> Keys:
        found = REFERENCE.fullmatch(text)
        if found is None or (found["project"] and not self._is_called(found["project"])):
            return Keys()
        if found["folders"] and not found["slug"]:
            return Keys()
        if found["sign"] == "!":
            return Keys((f"!{found['number']}",) if self.kind is ApiKind.GITLAB else ())
        return Keys((f"#{found['number']}",))

    def _is_called(self, project: str) -> bool:
        """Whether this is how the project is called, or its last name alone."""
        return any(project in (name, name.rpartition("/")[2]) for name in self._names)

    def _keyed(self, text: str) -> Keys:
        found = KEY.fullmatch(text)
        if found is None:
            return Keys((text,) if text else ())
        project, rest = found["project"], f"-{found['number']}"
        return self._everywhere(project, rest, self._names) if project in self._names else Keys((project + rest,))

    def _everywhere(self, name: str, rest: str, names: Sequence[str]) -> Keys:
        others = dict.fromkeys(other + rest for other in reversed(names) if other != name)
        return Keys((name + rest,), tuple(others), is_former=name != names[-1])


def pages(kind: ApiKind, place: Place, project: ProjectFacts) -> list[str]:
    """The addresses of a project's page: as it was asked for, and last as the system itself has it."""
    bases = dict.fromkeys((place.web_url, project.web_url or place.web_url))
    return list(dict.fromkeys(page(kind, base, name) for name in (place.name, project.name) for base in bases))


def base(page: str, name: str) -> str:
    """Where the pages of a system are, by that of a project; empty when that does not end with the project's name."""
    return page.removesuffix(f"/{name}") if page.endswith(f"/{name}") else ""


def page(kind: ApiKind, web_url: str, name: str) -> str:
    """The address of a project's page: those of its tasks follow it after a slash, or after a hyphen.

    Args:
        kind: that of a tracker of tasks.
        web_url: where the pages of the system are.
        name: what the system calls the project, as `Place.name`.
    """
    below = {ApiKind.JIRA: "browse/", ApiKind.YOUTRACK: "issue/"}.get(kind, "")
    return f"{web_url}/{below}{name}"
