"""Sample DVDs: well-known films first, made-up ones beyond, none with the details that TMDB fills in."""

import csv
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from upkeep.operations.plans import Change

PAGE = 1_000
FIRST_SYNTHETIC_TMDB_ID = 1_000_001
FIRST_LOCATION = 9_001
"""Locations of unboxed samples start here: an owner's own numbers are smaller."""
STATUSES = ("kept", "kept", "kept", "unboxed", "kept", "kept", "disposed")
MEDIA_TYPES = ("physical", "physical", "physical", "download", "rip")
DISK_TYPES = ("DVD", "BluRay", "DVD")


@dataclass(frozen=True, slots=True)
class Film:
    """A line of the sample file, as far as an owner would have typed it in."""

    name: str
    release_year: int
    tmdb_id: int
    uk_certification: str


class Stored(TypedDict):
    """A DVD that `--clear` deletes."""

    pk: int
    name: str


Row = dict[str, Any]
"""The columns of a DVD to create."""


def films(lines: Iterable[str]) -> tuple[Film, ...]:
    """The films of a CSV file with a heading."""
    return tuple(
        Film(line["name"], int(line["release_year"]), int(line["tmdb_id"]), line["uk_certification"])
        for line in csv.DictReader(lines)
    )


def pages(known: Sequence[Film], count: int) -> Callable[[int | str | None], Iterator[tuple[list[Row], int]]]:
    """A source of the first `count` sample DVDs; its cursor is how many of them are done."""

    def after(cursor: int | str | None) -> Iterator[tuple[list[Row], int]]:
        for start in range(int(cursor or 0), count, PAGE):
            end = min(start + PAGE, count)
            yield [_row(known, index) for index in range(start, end)], end

    return after


def plan(rows: Iterable[Row], *, existing: Container[int | None]) -> list[Change]:
    """One change a sample DVD: created, unless a DVD has its TMDB id already."""
    return [_change(row, exists=row["tmdb_id"] in existing) for row in rows]


def cleared(rows: Iterable[Stored]) -> list[Change]:
    """One change a DVD: all of them go."""
    return [Change("deleted", str(row["pk"]), row["name"]) for row in rows]


def _change(row: Row, *, exists: bool) -> Change:
    key, label = str(row["tmdb_id"]), row["name"]
    if exists:
        return Change("unchanged", key, label)
    return Change("created", key, label, {name: (None, value) for name, value in row.items()}, payload=row)


def _row(known: Sequence[Film], index: int) -> Row:
    if index >= len(known):
        tmdb_id = FIRST_SYNTHETIC_TMDB_ID + index - len(known)
        return {"name": f"Sample film {index + 1}", "tmdb_id": tmdb_id, **_ownership(index)}
    film = known[index]
    typed = {"uk_certification": certification} if (certification := _as_typed(film.uk_certification, index)) else {}
    return {"name": film.name, "tmdb_id": film.tmdb_id, "release_year": film.release_year, **typed, **_ownership(index)}


def _as_typed(certification: str, index: int) -> str:
    """A certification as owners type it, tidy or not; two films of three have one."""
    return (f" {certification} ", certification, "")[index % 3]


def _ownership(index: int) -> Row:
    """How the owner keeps the DVD; varied, and always the same for the same index."""
    status = STATUSES[index % len(STATUSES)]
    place = (
        {"location": str(FIRST_LOCATION + index)} if status == "unboxed" else {"storage_box": f"Box {index // 20 + 1}"}
    )
    return {
        "status": status,
        "media_type": MEDIA_TYPES[index % len(MEDIA_TYPES)],
        "disk_type": DISK_TYPES[index % len(DISK_TYPES)],
        "is_unwatched": index % 4 == 0,
        **place,
    }
