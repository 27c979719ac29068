"""The IMDb ids that TMDB knows for DVDs that have none."""

import re
from collections.abc import Iterable, Mapping
from typing import TypedDict

from backend.collection.kernel.answers import Failure
from backend.collection.kernel.movie import ExternalIds
from upkeep.operations.plans import Change

IMDB_ID = re.compile(r"tt[0-9]{7,}")


class Row(TypedDict):
    """A DVD with a TMDB id and no IMDb id."""

    pk: int
    name: str
    tmdb_id: int


COLUMNS = tuple(Row.__annotations__)


def plan(rows: Iterable[Row], answers: Mapping[int, ExternalIds | Failure]) -> list[Change]:
    """One change a DVD; `answers` by TMDB id. Payloads are the columns to write; an empty one notes the look-up."""
    return [_change(row, answers[row["tmdb_id"]]) for row in rows]


def _change(row: Row, answer: ExternalIds | Failure) -> Change:
    key, label = str(row["pk"]), row["name"]
    if isinstance(answer, Failure):
        return answer.change(key, label)
    imdb_id = answer.imdb_id or ""
    if not IMDB_ID.fullmatch(imdb_id):
        return Change("skipped", key, label, reason="no_imdb_id", payload={})
    return Change("updated", key, label, {"imdb_id": ("", imdb_id)}, payload={"imdb_id": imdb_id})
