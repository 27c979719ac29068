"""A plan in lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backend.tracking.kernel.configuration.items import Key
from backend.tracking.kernel.configuration.plan import NO_SUCH_USER, NOT_IN_FILE, Edit, Plan
from upkeep.operations.plans import Change

SIGNS = {"created": "+", "updated": "~", "deleted": "-", "skipped": "!", "unchanged": " "}
REASONS = {NOT_IN_FILE: "not in the file, kept (--prune deletes it)", NO_SUCH_USER: "there is no such user"}
IN_NAME = frozenset(
    {"match_on", "source_work_trackers", "text_pattern", "breadcrumb_trail_pattern", "target_task", "place"}
)
"""Fields that the name and the line of a new item say already."""
INDENT = "  "
LONGEST = 60
MAX_LINES = 2_000
MAX_NAMES = 10


def lines(plan: Plan) -> list[str]:
    """`+` what is created, `~` what changes and how, `-` what goes, `!` what is left alone; indented by what it is in.

    Unchanged items are there only where something in them is not.
    """
    wanted = {key[:depth] for key, change in plan.items() if change.action != "unchanged" for depth in range(len(key))}
    found = [
        line
        for key, change in plan.items()
        if change.action != "unchanged" or key in wanted
        for line in _item(key, change)
    ]
    if len(found) > MAX_LINES:
        return [*found[:MAX_LINES], f"… {len(found) - MAX_LINES:,} more lines: --verbose shows them all"]
    return found


def kept(plan: Plan) -> list[str]:
    """What was left alone, and why."""
    found = [f"! {change.label}: {REASONS[change.reason]}" for change in plan.values() if change.action == "skipped"]
    return [*found[:MAX_LINES], *(["…"] if len(found) > MAX_LINES else [])]


def notes(plan: Plan) -> Iterator[str]:
    """What a plan has for its consequence that one would not think of."""
    for key, change in plan.items():
        if isinstance(change.payload, Edit) and change.payload.starts_again:
            project = f"{key[0][1]} {key[1][1]}"
            reason = "other records come from there now, so the next update_project reads everything"
            yield f"{change.label}: {reason}; what was downloaded is kept until `update_project {project} --full`"


def absent_users(users: Mapping[str, Sequence[str]], organization: str) -> str:
    """What to do about users who are named somewhere, and do not exist."""
    names_with_places = [f"{username!r} ({', '.join(dict.fromkeys(places))})" for username, places in users.items()]
    more = f" and {len(names_with_places) - MAX_NAMES:,} more" if len(names_with_places) > MAX_NAMES else ""
    names = ", ".join(names_with_places[:MAX_NAMES]) + more
    create = f"`make_users FILE --organization {organization}` creates users"
    return f"no such user yet: {names}; {create}, then apply this file again"


def _item(key: Key, change: Change) -> Iterator[str]:
    kind, name = key[-1]
    margin = INDENT * (len(key) - 1)
    head = f"{margin}{SIGNS[change.action]} {kind} {name}"
    if change.action == "created":
        fields = [
            f"{field} {_quoted(_text(after))}" for field, (_, after) in change.fields.items() if field not in IN_NAME
        ]
        yield ": ".join([head, ", ".join(fields)]) if fields else head
    elif change.action == "updated":
        fields = [f"{field}: {_text(before)} → {_text(after)}" for field, (before, after) in change.fields.items()]
        yield f"{head}: {fields[0]}" if len(fields) == 1 else head
        yield from (f"{margin}{INDENT * 3}{field}" for field in fields[1:] and fields)
    elif change.reason:
        yield f"{head}: {REASONS[change.reason]}"
    else:
        takes = change.payload.takes if isinstance(change.payload, Edit) else ""
        yield f"{head} with {takes}" if takes else head


def _text(value: Any) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _quoted(text: str) -> str:
    """In quotes where it would not be seen where it ends."""
    return repr(text) if " " in text else text
