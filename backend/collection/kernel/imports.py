"""What becomes of the rows of a table of DVDs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backend.collection.kernel.dvd_rows import DvdRow, Key, Line, film_keys, text, title_key
from backend.spreadsheets.cells import CellError
from backend.spreadsheets.table import BrokenRow
from upkeep.operations.plans import Change


@dataclass(frozen=True, slots=True)
class Stored:
    """A DVD that exists, with the values of the fields that are columns of the table."""

    pk: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """What to write of one DVD: a new one, if `pk` is None."""

    pk: int | None
    values: Mapping[str, Any]


class Shelf:
    """The DVDs that a page of rows may be about."""

    def __init__(self, dvds: Iterable[Stored]) -> None:
        """Of several that are the same film and copy, the first counts."""
        self._by_pk: dict[int, Stored] = {}
        self._by_key: dict[Key, Stored] = {}
        for dvd in dvds:
            self._by_pk[dvd.pk] = dvd
            for key in _keys(dvd.values):
                self._by_key.setdefault(key, dvd)

    def find(self, row: DvdRow) -> Stored | None:
        """The DVD of this row: of its id; else the film's, by an id of the film, or without one by its title.

        Raises CellError when what the row says of that contradicts itself.
        """
        if row.id and (found := self._by_pk.get(row.id)):
            if not _is_same(row, found.values):
                detail = f"id {row.id} is {found.values['name']!r}, of which the line has neither the title nor an id"
                raise CellError("other_dvd", f"{detail}: leave its id empty for a new DVD")
            return found
        keys = [*film_keys(row)] or [title_key(row.title, row.year, row.copy_number)]
        dvd = next((self._by_key[key] for key in keys if key in self._by_key), None)
        if dvd and row.tmdb_id and dvd.values["tmdb_id"] not in (None, row.tmdb_id):
            detail = f"imdb_id {row.imdb_id} is that of {dvd.values['name']!r}, whose tmdb_id is another one"
            raise CellError("conflicting_ids", detail)
        return dvd


def plan(lines: Iterable[Line | BrokenRow], shelf: Shelf, *, update: bool) -> Iterator[Change]:
    """One change a row. DVDs that exist stay as they are, unless `update`."""
    for line in lines:
        if isinstance(line, BrokenRow):
            yield _failed(line.line, line.reason, line.detail)
        elif line.same_as:
            label = f"line {line.line}: {line.row.title} is in line {line.same_as} already"
            yield Change("skipped", f"line {line.line}", label, reason="duplicate")
        else:
            try:
                yield _change(line, shelf.find(line.row), update=update)
            except CellError as error:
                yield _failed(line.line, error.reason, str(error))


def _change(line: Line, dvd: Stored | None, *, update: bool) -> Change:
    before = dvd.values if dvd else {}
    changed = {name: value for name, value in line.row.values.items() if not dvd or value != _tidy(before[name])}
    after = {"status": "", "location": "", **before, **changed}
    if changed and after["status"] == "unboxed" and not _is_number(after["location"]):
        raise CellError("invalid", "the location of an unboxed DVD must be a number")
    fields = {name: (before.get(name), value) for name, value in changed.items() if dvd or value not in ("", None)}
    if dvd is None:
        return Change("created", f"line {line.line}", line.row.title, fields, payload=Imported(None, changed))
    key, label = str(dvd.pk), before["name"]
    if not changed:
        return Change("unchanged", key, label)
    if not update:
        return Change("skipped", key, f"line {line.line}: {label}", reason="exists")
    return Change("updated", key, label, fields, payload=Imported(dvd.pk, changed))


def _failed(line: int, reason: str, detail: str) -> Change:
    return Change("failed", f"line {line}", f"line {line}: {detail}", reason=reason)


def _is_same(row: DvdRow, values: Mapping[str, Any]) -> bool:
    return (
        row.title.casefold() == text(values["name"]).casefold()
        or (row.tmdb_id is not None and row.tmdb_id == values["tmdb_id"])
        or (bool(row.imdb_id) and row.imdb_id == values["imdb_id"])
    )


def _keys(values: Mapping[str, Any]) -> Iterator[Key]:
    copy = values["copy_number"]
    yield "tmdb", values["tmdb_id"], copy
    yield "imdb", values["imdb_id"], copy
    for year in {values["release_year"], None}:
        yield title_key(text(values["name"]), year, copy)


def _tidy(value: Any) -> Any:
    """The value as a table has it: what only a spreadsheet would lose is no change."""
    return text(value) if isinstance(value, str) else value


def _is_number(location: str) -> bool:
    return location.isascii() and location.isdigit() and (location == "0" or not location.startswith("0"))
