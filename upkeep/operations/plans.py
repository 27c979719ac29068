"""What a kernel returns: a description of the changes, which the operation then commits, or in a dry run only shows."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from reprlib import repr as shortened
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

Action = Literal["created", "updated", "deleted", "unchanged", "skipped", "failed"]
ACTIONS: tuple[Action, ...] = get_args(Action)
EFFECTS: tuple[Action, ...] = ("created", "updated", "deleted")


class Change(NamedTuple):
    """What becomes of one item. Every item of a run ends in exactly one Change.

    A tuple, since it is made for every item of every run: a frozen dataclass takes three times as long to make.
    """

    action: Action
    key: str
    """Identifies the item for a program: a primary key, a path, a line number."""
    label: str
    """Identifies the item for a person; recorded, so it holds no secret."""
    fields: Mapping[str, tuple[Any, Any]] = MappingProxyType({})
    """Each changed field's value before and after, as JSON knows it; recorded, so it holds no secret."""
    reason: str = ""
    """Why the item was skipped or failed, as a short code that can be counted: `not_found`."""
    payload: Any = None
    """What `write` needs to carry the change out; never recorded.

    An unchanged, skipped or failed item with a payload is handed to `write` too: it may have something to note, such as
    when it was last asked for.
    """

    @property
    def has_effect(self) -> bool:
        """Whether `write` has anything to do for this item."""
        return self.payload is not None or self.action in ("created", "updated", "deleted")


def checked(plan: Iterable[Change]) -> list[Change]:
    """The changes of a plan. Raises TypeError when one of them is wrong: it names that item and says what to write."""
    if not isinstance(plan, Iterable):
        raise TypeError(f"a plan is a list of changes, or a generator that yields them, not {shortened(plan)}")
    changes: list[Any] = list(plan)
    for number, change in enumerate(changes, start=1):
        if fault := _fault(change):
            item = f" ({shortened(change.label)})" if isinstance(change, Change) else ""
            raise TypeError(f"change {number} of the plan{item}: {fault}")
    return changes


def _fault(change: Any) -> str:
    """What is wrong with it, and what to write instead; empty when nothing is."""
    if not isinstance(change, Change):
        return f"write `Change(action, key, label)`, not {shortened(change)}"
    if change.action not in ACTIONS:
        close = get_close_matches(str(change.action), ACTIONS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"write one of {', '.join(ACTIONS)}"
        return f"there is no action {shortened(change.action)}: {hint}"
    if not isinstance(change.key, str):
        return f"the key of a change is a text, not {shortened(change.key)}: write `str(row.pk)`"
    if not isinstance(change.label, str):
        return f"the label of a change is a text, not {shortened(change.label)}: write `str(row)`"
    if not isinstance(change.reason, str):
        return f"the reason of a change is a text, not {shortened(change.reason)}: write a short code, `not_found`"
    return _fault_of_fields(change.fields)


def _fault_of_fields(fields: Any) -> str:
    if not isinstance(fields, (dict, MappingProxyType, Mapping)):  # the first two are recognised ten times as fast
        return f"the fields of a change are a dict, not {shortened(fields)}: write `{{'price': (before, after)}}`"
    for name, pair in fields.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # noqa: PLR2004 - before and after
            wanted = f"write `{{{name!r}: (before, after)}}`"
            return f"a field of a change is its value before and after, not {shortened(pair)}: {wanted}"
    return ""
