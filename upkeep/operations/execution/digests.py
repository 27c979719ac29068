"""Digests of changes, and which of them somebody approved.

A digest is the first 8 bytes of a SHA-256: of a change's key, and of its action and fields as PostgreSQL writes them as
jsonb. PostgreSQL computes both, so that the changes of `commit` and of `commit_sql` are digested alike.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from upkeep.operations.plans import EFFECTS, Change

NOT_AS_PREVIEWED = "not_as_previewed"
NOT_APPROVED = "not_approved"
GONE_SINCE = "gone_since"
UNAPPROVED = frozenset({NOT_AS_PREVIEWED, NOT_APPROVED})
DIGEST = "substr(sha256(convert_to({}, 'UTF8')), 1, 8)"
KEY = DIGEST.format("change ->> 0")
CONTENT = DIGEST.format("jsonb_build_array(change -> 1, change -> 2)::text")
ROW_KEY = DIGEST.format("{row}.key::text")
ROW_CONTENT = DIGEST.format(
    "jsonb_build_array({row}.action::text, coalesce({row}.fields::jsonb, jsonb_build_object()))::text"
)
"""The same of a row of the plan of `commit_sql`."""
IS_EFFECT = f"{{row}}.action::text IN ({', '.join(repr(action) for action in EFFECTS)})"
INSERT = "INSERT INTO upkeep_operations_rundigest (run_id, step, key, content)"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which changes of a preview were approved: all of them, but for what these leave out."""

    only: Collection[str] = ()
    """Keys."""
    without: Collection[str] = ()
    """Keys."""
    reasons: Collection[str] = ()
    actions: Collection[str] = ()

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """From a run's row."""
        return cls(**{name: frozenset(values) for name, values in dumped.items()})

    def dump(self) -> dict[str, list[str]]:
        """For a run's row: those parts of it that say something."""
        return {name: list(getattr(self, name)) for name in self.__slots__ if getattr(self, name)}

    def holds(self, change: Change) -> bool:
        """Whether this change is among those that were approved, if it is as it was previewed."""
        return (
            (not self.only or change.key in self.only)
            and change.key not in self.without
            and (not self.reasons or change.reason in self.reasons)
            and (not self.actions or change.action in self.actions)
        )


class Judged(NamedTuple):
    """What an applying run may do of a plan."""

    changes: Sequence[Change]
    """The plan, with what was not approved as a skipped item."""
    came_up: int
    """How many of its changes are about something that the preview would have changed."""
