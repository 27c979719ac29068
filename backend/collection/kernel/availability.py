"""In which qualities our DVDs exist elsewhere, and the flag that follows from it.

Payloads are the columns to write; an empty one notes that the DVD was looked up.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from backend.collection.kernel.answers import Failure
from backend.collection.kernel.quality import Quality
from upkeep.operations.plans import Change


class Row(TypedDict):
    """A DVD with an IMDb id, as stored."""

    pk: int
    name: str
    imdb_id: str
    is_available: bool
    qualities: list[dict[str, Any]]


COLUMNS = tuple(Row.__annotations__)


def plan(rows: Iterable[Row], answers: Mapping[str, tuple[Quality, ...] | Failure]) -> list[Change]:
    """One change a DVD; `answers` by IMDb id. The same answer a second time changes nothing."""
    return [_change(row, answers[row["imdb_id"]]) for row in rows]


def flags(rows: Iterable[Row]) -> list[Change]:
    """One change a DVD: the flag that follows from the stored qualities. Nothing is noted as asked."""
    return [_difference(row, {"is_available": bool(row["qualities"])}, unchanged=None) for row in rows]


def _change(row: Row, answer: tuple[Quality, ...] | Failure) -> Change:
    if isinstance(answer, Failure):
        return answer.change(str(row["pk"]), row["name"])
    qualities = [_as_json(quality) for quality in answer]
    return _difference(row, {"is_available": bool(qualities), "qualities": qualities}, unchanged={})


def _difference(row: Row, wanted: Mapping[str, Any], *, unchanged: dict[str, Any] | None) -> Change:
    before: Mapping[str, Any] = row
    after = {name: value for name, value in wanted.items() if value != before[name]}
    fields = {name: (before[name], value) for name, value in after.items()}
    key, label = str(row["pk"]), row["name"]
    return Change("updated" if after else "unchanged", key, label, fields, payload=after or unchanged)


def _as_json(quality: Quality) -> dict[str, Any]:
    return {
        "quality": quality.quality,
        "size_bytes": quality.size_bytes,
        "seeds": quality.seeds,
        "peers": quality.peers,
        "uploaded_at": quality.uploaded_at.isoformat() if quality.uploaded_at else None,
    }
