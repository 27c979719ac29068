"""What has to be done so that an organization is what its file declares."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic import SecretStr

from backend.tracking.kernel import locations
from backend.tracking.kernel.configuration.items import SECRETS, Item, Key, Kind, Value
from backend.tracking.kernel.kinds import ApiKind
from upkeep.operations.plans import Action, Change

NOT_IN_FILE = "not_in_file"
NO_SUCH_USER = "no_such_user"
READING = ("api_custom_assignee_fields", "api_task_fields", "merge_requests")
"""How a tracker's records are read. With its kind and its location, it decides on what they are."""

Plan: TypeAlias = Mapping[Key, Change]
"""What becomes of each item, each before what is in it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What writing needs to know of a change."""

    item: Item
    names: Collection[str] = ()
    """The fields to write; of a new item all."""
    starts_again: bool = False
    """What was downloaded came from another place: the next download starts from the beginning."""
    takes: str = ""
    """What else goes when it is deleted, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What there is already."""

    items: Mapping[Key, Item]
    usernames: Collection[str]
    """Of all users that the file names and that exist."""
    stale: Collection[Key] = ()
    """Trackers of which a secret was encrypted with an older key."""
    begun: Collection[Key] = ()
    """Trackers from which something was downloaded."""
    contents: Mapping[Key, str] = field(default_factory=dict)
    """What else goes with an item that is deleted, in words."""


def plan(declared: Iterable[Item], stored: Stored, *, prune: bool) -> Plan:
    """What becomes of each declared item, and of each that is stored alone.

    Those come after their siblings; they are deleted if `prune`, else kept and skipped.
    """
    changes = {item.key: _declared(item, stored) for item in _as_stored(list(declared), stored.items)}
    for key, item in stored.items.items():
        if key not in changes:
            changes[key] = _alone(item, stored, prune=prune)
    return {key: changes[key] for key in _ordered(changes)}


def _as_stored(declared: Sequence[Item], stored: Mapping[Key, Item]) -> Iterator[Item]:
    """The declared items, edited rules with the keys that they are stored by.

    A rule's key is its content. Of what only the file or only the store has, the first, second … rules of the same
    tracker and `match_on` count as the same.
    """
    keys = {item.key for item in declared}
    alone: dict[object, list[Key]] = {}
    for key, item in stored.items():
        if item.kind is Kind.RULE and key not in keys:
            alone.setdefault(_place(item), []).append(key)
    for item in declared:
        edited = alone.get(_place(item)) if item.kind is Kind.RULE and item.key not in stored else None
        yield Item(edited.pop(0), item.fields) if edited else item


def _place(rule: Item) -> object:
    return rule.key[:-1], rule.fields["match_on"]


def _ordered(keys: Iterable[Key]) -> Iterator[Key]:
    children: dict[Key, list[Key]] = {}
    for key in keys:
        children.setdefault(key[:-1], []).append(key)
    ranks = {kind: rank for rank, kind in enumerate(Kind)}
    todo: list[Key] = [()]
    while todo:
        key = todo.pop()
        if key:
            yield key
        todo += sorted(children.get(key, ()), key=lambda child: ranks[child[-1][0]])[::-1]


def _declared(item: Item, stored: Stored) -> Change:
    before = stored.items.get(item.key)
    if before is None:
        if item.kind is Kind.PROFILE and item.name not in stored.usernames:
            return _change("skipped", item, reason=NO_SUCH_USER)
        filled = {name: value for name, value in item.fields.items() if value}
        return _change("created", item, differences({}, filled), payload=Edit(item, list(item.fields)))
    changed = {name: value for name, value in item.fields.items() if value != before.fields[name]}
    if not changed:
        return _change("unchanged", item, payload=Edit(item, list(SECRETS)) if item.key in stored.stale else None)
    starts_again = item.key in stored.begun and _is_elsewhere(before, item)
    names = dict.fromkeys([*changed, *SECRETS]) if item.key in stored.stale else changed
    edit = Edit(item, list(names), starts_again=starts_again)
    return _change("updated", item, differences(before.fields, changed), payload=edit)


def _alone(item: Item, stored: Stored, *, prune: bool) -> Change:
    if not prune:
        return _change("skipped", item, reason=NOT_IN_FILE)
    takes = stored.contents.get(item.key, "")
    change = _change("deleted", item, payload=Edit(item, takes=takes))
    return change._replace(label=f"{change.label} with {takes}") if takes else change


def _change(
    action: Action,
    item: Item,
    fields: Mapping[str, tuple[Any, Any]] | None = None,
    *,
    reason: str = "",
    payload: Edit | None = None,
) -> Change:
    key = "/".join(name for _, name in item.key)
    return Change(action, f"{item.kind}:{key}", f"{item.kind} {item.path}", fields or {}, reason, payload)


def differences(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, tuple[Any, Any]]:
    """The values before and after as they may be recorded; what a mapping maps is listed one by one."""
    found: dict[str, tuple[Any, Any]] = {}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, SecretStr):
            found[name] = _veiled(is_set=bool(old), sets=bool(value))
        elif isinstance(value, Mapping):
            known = old if isinstance(old, Mapping) else {}
            for word in {**known, **value}:
                if known.get(word) != value.get(word):
                    found[f"{name}[{word}]"] = known.get(word), value.get(word)
        else:
            found[name] = _recordable(old), _recordable(value)
    return found


def _veiled(*, is_set: bool, sets: bool) -> tuple[str, str]:
    if not is_set:
        return "not set", "set"
    return "set", "replaced" if sets else "not set"


def _recordable(value: Value) -> str | int | list[str] | None:
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value else "0"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value if isinstance(value, str | int) else None


def _is_elsewhere(before: Item, after: Item) -> bool:
    """Whether other records come from there; another way to write the same address means nothing."""
    return _source(before) != _source(after)


def _source(tracker: Item) -> object:
    kind, location = tracker.fields["api_kind"], tracker.fields["api_location"]
    reading = [tracker.fields[name] for name in READING]
    try:
        return locations.parsed(ApiKind(str(kind)), str(location)), reading
    except ValueError:
        return kind, location, reading
