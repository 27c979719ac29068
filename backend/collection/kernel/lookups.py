"""Which look-ups of a DVD there are, and by what each asks."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

Lookup: TypeAlias = Literal["details", "imdb_id", "availability"]
LOOKUPS_BY: Mapping[str, tuple[Lookup, ...]] = {"tmdb_id": ("details", "imdb_id"), "imdb_id": ("availability",)}
"""The look-ups that ask by each id."""


def forgotten(changed: Iterable[str]) -> dict[str, None]:
    """What else to set when these fields of a DVD change: it is looked up again by another id."""
    lookups = {lookup for name in changed for lookup in LOOKUPS_BY.get(name, ())}
    return {f"{lookup}_{when}_at": None for lookup in sorted(lookups) for when in ("asked", "tried")}
