"""What the values of a configuration have to do with each other.

It looks at plain values, of which some may be of a wrong kind, so that these problems are reported together with those.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from backend.tracking.kernel import locations
from backend.tracking.kernel.configuration.codes import is_code
from backend.tracking.kernel.configuration.documents import Document, Path
from backend.tracking.kernel.configuration.items import PATTERNS
from backend.tracking.kernel.configuration.problems import Problem, shown, suggestion
from backend.tracking.kernel.configuration.schema import USED
from backend.tracking.kernel.kinds import ApiKind, MatchOn
from backend.tracking.kernel.patterns.pattern import MAX_TOTAL_MEMORY, TASK_CODE, PatternError, facts
from backend.tracking.kernel.rules import TOO_MUCH

OF_AN_API = (
    "api_location",
    "api_token",
    "api_username",
    "api_custom_assignee_fields",
    "api_task_fields",
    "merge_requests",
)
OF_ONE_KIND = {
    "api_custom_assignee_fields": ApiKind.YOUTRACK,
    "api_task_fields": ApiKind.KIMAI,
    "merge_requests": ApiKind.GITLAB,
}
Downloaded = Mapping[tuple[str, str], Collection[str]]
"""Codes that lead to a task that a tracker has brought, by its project's code and its name."""


@dataclass(frozen=True, slots=True)
class View:
    """A mapping of the document, or what stands in its place."""

    document: Document
    path: Path
    content: Any

    def text(self, key: str) -> str:
        """The text below a key; empty if there is none."""
        value = self.content.get(key) if isinstance(self.content, dict) else None
        return value if isinstance(value, str) else ""

    def has(self, key: str) -> bool:
        """Whether there is anything below the key but nothing, an empty text or an empty list."""
        return isinstance(self.content, dict) and self.content.get(key) not in (None, "", [])

    def views(self, key: str) -> Iterator["View"]:
        """The items of the list below a key."""
        items = self.content.get(key) if isinstance(self.content, dict) else None
        if isinstance(items, list):
            yield from (View(self.document, (*self.path, key, place), item) for place, item in enumerate(items))

    def texts(self, key: str) -> list[str]:
        """The text below a key, or the texts of a list there."""
        value = self.content.get(key) if isinstance(self.content, dict) else None
        return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]

    def problem(self, key: str, message: str) -> Problem:
        """Something wrong with what is below a key."""
        return Problem(self.document.line((*self.path, key)), message)


def code(document: Document) -> str:
    """The organization's code; empty if there is none that may be one."""
    found = _organization(document).text("code")
    return found if is_code(found) else ""


def targets(document: Document) -> dict[tuple[str, str], set[str]]:
    """Codes of tasks that rules name and the file does not declare, by project's code and tracker's name."""
    found: dict[tuple[str, str], set[str]] = {}
    for project in _organization(document).views("projects"):
        for tracker in project.views("trackers"):
            declared = {task.text("code") for task in tracker.views("tasks")}
            named = {rule.text("target_task") for rule in tracker.views("work_matches")} - declared - {""}
            if named:
                found.setdefault((project.text("code"), tracker.text("name")), set()).update(named)
    return found


def problems(document: Document, downloaded: Downloaded) -> Iterator[Problem]:
    """Everything that does not go together."""
    organization = _organization(document)
    yield from _twice(organization, "organization_profiles", "username")
    yield from _twice(organization, "user_mappings", "name")
    yield from _twice(organization, "projects", "code")
    for mapping in organization.views("user_mappings"):
        yield from _twice(mapping, "external_usernames_to_username", "external_username")
        if mapping.text("fallback") == "default" and not organization.has("default_username"):
            yield mapping.problem("fallback", "fallback default needs a default_username of the organization")
    for project in organization.views("projects"):
        yield from _twice(project, "trackers", "name")
        names = {tracker.text("name") for tracker in project.views("trackers")} - {""}
        for tracker in project.views("trackers"):
            known = downloaded.get((project.text("code"), tracker.text("name")), ())
            yield from _of_tracker(tracker, names, known)
    yield from _of_memory(organization)


def sent_in_clear(document: Document, http_hosts: Collection[str]) -> Iterator[Problem]:
    """The places to which a token would be sent without TLS, but for those at the hosts where that is allowed."""
    for project in _organization(document).views("projects"):
        for tracker in project.views("trackers"):
            if host := locations.host_without_tls(tracker.text("api_location"), http_hosts):
                advice = "use https://, or allow this host (REMOTE_HTTP_HOSTS)"
                yield tracker.problem("api_location", f"api_location: http:// to {shown(host)} is refused: {advice}")


def _organization(document: Document) -> View:
    content = document.content.get("organization") if isinstance(document.content, dict) else None
    return View(document, ("organization",), content)


def _twice(parent: View, key: str, name: str) -> Iterator[Problem]:
    lines: dict[str, int] = {}
    for view in parent.views(key):
        text = view.text(name)
        same = text.casefold() if name == "username" else text
        if same and same in lines:
            yield view.problem(name, f"{name} {shown(text)} is already there, at line {lines[same]}: keep one")
        lines.setdefault(same, view.problem(name, "").line)


def _of_tracker(tracker: View, names: Collection[str], downloaded: Collection[str]) -> Iterator[Problem]:
    yield from _twice(tracker, "tasks", "code")
    kind = tracker.text("api_kind")
    if not tracker.has("api_kind"):
        for key in filter(tracker.has, OF_AN_API):
            yield tracker.problem(key, f"{key} needs an api_kind: one of {', '.join(ApiKind)}")
    elif kind in set(ApiKind):
        yield from _of_api(tracker, ApiKind(kind))
    codes = {task.text("code") for task in tracker.views("tasks")} - {""}
    for rule in tracker.views("work_matches"):
        yield from chain(_of_sources(rule, names), _of_rule(rule), _of_comments(rule))
        yield from _of_target(rule, codes, downloaded)


def _of_api(tracker: View, kind: ApiKind) -> Iterator[Problem]:
    location = tracker.text("api_location")
    if not tracker.has("api_location"):
        example = f"where is the project? For example {locations.EXAMPLES[kind]}"
        yield tracker.problem("api_kind", f"api_kind {kind} needs an api_location: {example}")
    elif location:
        try:
            locations.parsed(kind, location)
        except locations.SecretInLocationError as error:
            yield tracker.problem("api_location", f"api_location: {error}")
        except locations.LocationError as error:
            reason = "with a name or a password in it" if "@" in location and "//" in location else shown(location)
            yield tracker.problem("api_location", f"api_location {reason} is {error}")
    for key, owner in OF_ONE_KIND.items():
        if kind is not owner and tracker.has(key):
            yield tracker.problem(key, f"{key} is for {owner}, not for {kind}: remove it")


def _of_sources(rule: View, names: Collection[str]) -> Iterator[Problem]:
    for source in rule.texts("source_work_trackers"):
        if source and source not in names:
            message = f"there is no tracker {shown(source)} in this project: {suggestion(source, names)}"
            yield rule.problem("source_work_trackers", message)


def _kind(rule: View) -> MatchOn | None:
    """What the rule looks at; None when that is not understood."""
    word = rule.text("match_on")
    return MatchOn.ALWAYS_TO_TASK if word == "always" else MatchOn(word) if word in set(MatchOn) else None


def _of_rule(rule: View) -> Iterator[Problem]:
    kind = _kind(rule)
    if kind is None:
        return
    if "target_task" in USED.get(kind, ()) and not rule.has("target_task"):
        yield rule.problem("match_on", f"match_on {kind} needs a target_task: the code of a task of this tracker")
    if kind is MatchOn.PATTERN_TO_TASK and not any(map(rule.has, PATTERNS)):
        yield rule.problem("match_on", f"match_on {kind} needs a {' or a '.join(PATTERNS)}")
    if kind is MatchOn.PATTERN_TO_TASK_CODE:
        yield from _of_task_code(rule)


def _of_task_code(rule: View) -> Iterator[Problem]:
    try:
        number = sum(facts(rule.text(key)).has_code for key in PATTERNS)
    except PatternError:
        return  # reported already
    if number != 1 and all(isinstance(rule.content.get(key, ""), str) for key in PATTERNS):
        found = "both patterns have" if number else "neither pattern has"
        message = f"{found} a group (?P<{TASK_CODE}>…): exactly one is to have it"
        yield rule.problem("match_on", f"match_on {MatchOn.PATTERN_TO_TASK_CODE}: {message}")


def _of_comments(rule: View) -> Iterator[Problem]:
    for key in PATTERNS:
        if (*rule.path, key) in rule.document.cut:
            message = f"{key} has no quotes, and ends before a comment (#): put it into quotes, with what belongs to it"
            yield rule.problem(key, message)


def _of_memory(organization: View) -> Iterator[Problem]:
    """The pattern with which it becomes too much."""
    trackers = chain.from_iterable(project.views("trackers") for project in organization.views("projects"))
    memory = 0
    for rule in chain.from_iterable(tracker.views("work_matches") for tracker in trackers):
        for key in filter(rule.text, PATTERNS):
            try:
                memory += facts(rule.text(key)).memory
            except PatternError:
                continue  # reported already
            if memory > MAX_TOTAL_MEMORY:
                yield rule.problem(key, f"{key}: {TOO_MUCH}")
                return


def _of_target(rule: View, declared: Collection[str], downloaded: Collection[str]) -> Iterator[Problem]:
    kind, target = _kind(rule), rule.text("target_task")
    is_ignored = kind is not None and "target_task" not in USED.get(kind, ())
    if target and not is_ignored and target not in declared and target not in downloaded:
        found = suggestion(target, {*declared, *downloaded})
        message = f"the tracker has no task {shown(target)}, neither declared here nor downloaded yet: {found}"
        yield rule.problem("target_task", message)
