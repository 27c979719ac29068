"""The items that a configuration declares."""

from collections.abc import Iterable, Iterator, Mapping

from backend.tracking.kernel.configuration import schema
from backend.tracking.kernel.configuration.items import Item, Key, Kind, Value, rules
from backend.tracking.kernel.kinds import ApiKind


def items(organization: schema.Organization, usernames: Mapping[str, str]) -> Iterator[Item]:
    """Every declared object, each before what is in it, in the file's order.

    Args:
        organization: the configuration.
        usernames: how users who exist are spelt, by their lowered name.
    """
    key: Key = ((Kind.ORGANIZATION, organization.code),)
    fields: dict[str, Value] = {
        "name": organization.name or organization.code,
        "timezone": organization.timezone,
        "default_username": organization.default_username,
    }
    yield Item(key, fields)
    for profile in organization.organization_profiles:
        yield Item((*key, (Kind.PROFILE, usernames.get(profile.username.lower(), profile.username))), {})
    for mapping in organization.user_mappings:
        yield Item((*key, (Kind.USER_MAPPING, mapping.name)), _user_mapping(mapping))
    for project in organization.projects:
        yield from _project(project, key)


def usernames(organization: schema.Organization) -> dict[str, list[str]]:
    """The users of ours that the configuration names, and where."""
    named = [(profile.username, "organization_profiles") for profile in organization.organization_profiles]
    if organization.default_username:
        named.append((organization.default_username, "default_username"))
    for mapping in organization.user_mappings:
        place = f"user mapping {mapping.name}"
        named += [(entry.username, place) for entry in mapping.external_usernames_to_username]
    found: dict[str, list[str]] = {}
    for username, place in named:
        found.setdefault(username, []).append(place)
    return found


def warnings(organization: schema.Organization) -> Iterator[str]:
    """What can be applied, but probably is not what was meant."""
    mappings = {mapping.name for mapping in organization.user_mappings}
    for project in organization.projects:
        kinds = {tracker.name: tracker.api_kind for tracker in project.trackers}
        for tracker in project.trackers:
            path = f"{project.code}/{tracker.name}"
            if tracker.user_mapping and tracker.user_mapping not in mappings:
                message = "is not declared: its users are those whose name or e-mail address a member has"
                yield f"tracker {path}: the user mapping {tracker.user_mapping!r} {message}"
            for name in dict.fromkeys(_sources(tracker.work_matches)):
                if not brings_work(kinds[name]):
                    kind = kinds[name] or "without an api_kind"
                    yield f"tracker {path}: a rule looks at {name} ({kind}), which brings no work entries"
            for place, rule in enumerate(tracker.work_matches, 1):
                for key in rule.ignored:
                    message = f"{key} means nothing to match_on {rule.match_on}: it is ignored"
                    yield f"tracker {path}: rule {place}: {message}"


def brings_work(kind: ApiKind | None) -> bool:
    """Whether a tracker of that kind brings work entries."""
    return kind is not None and kind.brings_work


def _sources(rules: Iterable[schema.Rule]) -> Iterator[str]:
    for rule in rules:
        yield from rule.source_work_trackers


def _user_mapping(mapping: schema.UserMapping) -> dict[str, Value]:
    entries = mapping.external_usernames_to_username
    return {
        "fallback": mapping.fallback.value,
        "external_usernames_to_username": {entry.external_username: entry.username for entry in entries},
    }


def _project(project: schema.Project, parent: Key) -> Iterator[Item]:
    key = (*parent, (Kind.PROJECT, project.code))
    yield Item(key, {"name": project.name or project.code})
    for place, tracker in enumerate(project.trackers, 1):
        yield from _tracker(tracker, place, key)


def _tracker(tracker: schema.Tracker, place: int, parent: Key) -> Iterator[Item]:
    key = (*parent, (Kind.TRACKER, tracker.name))
    fields: dict[str, Value] = {
        "place": place,
        "api_kind": tracker.api_kind.value if tracker.api_kind else "",
        "api_location": tracker.api_location,
        "api_token": tracker.api_token,
        "api_username": tracker.api_username,
        "api_custom_assignee_fields": tracker.api_custom_assignee_fields,
        "api_task_fields": tracker.api_task_fields,
        "merge_requests": tracker.merge_requests,
        "user_mapping": tracker.user_mapping,
    }
    yield Item(key, fields)
    for task in tracker.tasks:
        values = {"title": task.title or task.code, "description": task.description, "estimates": task.estimates}
        yield Item((*key, (Kind.TASK, task.code)), values)
    yield from rules(key, [_rule(rule, place) for place, rule in enumerate(tracker.work_matches, 1)])


def _rule(rule: schema.Rule, place: int) -> dict[str, Value]:
    fields: dict[str, Value] = {
        "match_on": rule.match_on.value,
        "source_work_trackers": rule.source_work_trackers,
        "text_pattern": rule.text_pattern,
        "breadcrumb_trail_pattern": rule.breadcrumb_trail_pattern,
        "target_task": rule.target_task,
        "priority": rule.priority,
        "place": place,
    }
    return fields | dict.fromkeys(rule.ignored, "")
