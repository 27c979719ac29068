"""What a kernel returns: a description of the changes, which the operation then commits, or in a dry run only shows."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Action = Literal["created", "updated", "deleted", "unchanged", "skipped", "failed"]


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
