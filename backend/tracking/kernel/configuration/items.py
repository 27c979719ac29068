"""What an organization consists of, declared or stored: one flat list, in which each item names its parent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from pydantic import SecretStr


class Kind(StrEnum):
    """What an item is. Siblings come in this order."""

    ORGANIZATION = "organization"
    PROFILE = "profile"
    USER_MAPPING = "user mapping"
    PROJECT = "project"
    TRACKER = "tracker"
    TASK = "task"
    RULE = "rule"


Key: TypeAlias = tuple[tuple[Kind, str], ...]
"""Kind and name of an item, after those of everything that it is in."""
Value: TypeAlias = str | int | Decimal | SecretStr | Sequence[str] | Mapping[str, str] | None

PATTERNS = ("text_pattern", "breadcrumb_trail_pattern")
SECRETS = ("api_token", "api_username")
"""Keys of a tracker whose values are stored encrypted and shown nowhere."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object with the values that a file may say of it, called as the file calls them."""

    key: Key
    fields: Mapping[str, Value]

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.key[-1][0]

    @property
    def name(self) -> str:
        """What it is called among its siblings of the same kind."""
        return self.key[-1][1]

    @property
    def path(self) -> str:
        """What it is called in the organization: `project/tracker/task`."""
        return "/".join(name for _, name in self.key[1:]) or self.name


def rules(tracker: Key, rows: Iterable[Mapping[str, Value]]) -> Iterator[Item]:
    """The rules of a tracker as items, in their order.

    A rule is called what it looks at and where it leads; the second one that would be called so has a 2 in its name,
    where no text of the file can stand.
    """
    seen: dict[tuple[str, str], int] = {}
    for fields in rows:
        kind, text = str(fields["match_on"]), _rule_text(fields)
        number = seen[kind, text] = seen.get((kind, text), 0) + 1
        name = " ".join(filter(None, [kind, f"({number})" if number > 1 else "", text]))
        yield Item((*tracker, (Kind.RULE, name)), fields)


def _rule_text(fields: Mapping[str, Value]) -> str:
    sources = fields["source_work_trackers"]
    names = f"from {', '.join(sources)}" if isinstance(sources, Sequence) and sources else ""
    patterns = [f"{key.partition('_')[0]} '{fields[key]}'" for key in PATTERNS if fields[key]]
    text = ", ".join(filter(None, [names, *patterns]))
    return f"{text} → {fields['target_task']}".strip() if fields["target_task"] else text
