"""What is promised of the views: `views/contract.toml`."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.reports.kernel.views import View

NOT_NULL = " not null"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is promised."""

    type: str
    """As PostgreSQL's `format_type` calls it."""
    never_null: bool
    values: tuple[str, ...] = ()
    """All that it may hold, beside null; empty: anything of its type."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised of one view."""

    columns: Mapping[str, Column]
    unique: tuple[tuple[str, ...], ...]
    """Columns of which no two rows have the same values; two nulls count as the same."""
    until: str = ""
    """The date after which it may go, since another one has taken its place; empty: it stays."""


def parsed(text: str) -> dict[str, Promise]:
    """The promises, by the name of the view. Raises ValueError for what is not TOML."""
    return {name: _promise(table) for name, table in tomllib.loads(text).items()}


def _promise(table: Mapping[str, Any]) -> Promise:
    values: Mapping[str, list[str]] = table.get("values", {})
    columns = {
        name: Column(kind.removesuffix(NOT_NULL), kind.endswith(NOT_NULL), tuple(values.get(name, ())))
        for name, kind in table["columns"].items()
    }
    return Promise(columns, tuple(map(tuple, table.get("unique", ()))), str(table.get("until", "")))


def problems(views: Iterable[View], promises: Mapping[str, Promise]) -> Iterator[str]:
    """Where the files of the views and the contract disagree, one line each."""
    comments = {view.name: view.columns for view in views}
    yield from (f"{name}.sql is not in contract.toml" for name in comments.keys() - promises.keys())
    yield from (f"contract.toml promises {name}, which has no {name}.sql" for name in promises.keys() - comments.keys())
    for name in sorted(comments.keys() & promises.keys()):
        commented, promised = list(comments[name]), list(promises[name].columns)
        if commented != promised:
            first = next(filter(None, (set(promised) ^ set(commented), {"the order of the columns"})))
            yield f"{name}.sql and contract.toml disagree on {', '.join(sorted(first))}"
        used = {column for columns in promises[name].unique for column in columns}
        yield from (f"contract.toml: {name} has no column {column}" for column in sorted(used - set(promised)))
        yield from _end_problems(name, promises)


def _end_problems(name: str, promises: Mapping[str, Promise]) -> Iterator[str]:
    if not (until := promises[name].until):
        return
    with suppress(ValueError):
        if date.fromisoformat(until).isoformat() == until:
            successor = _successor(name)
            if successor not in promises:
                yield f"contract.toml: {name} has a date `until`, but no successor {successor}"
            return
    yield f"contract.toml: {name} is until {until!r}, which is not a date such as 2027-12-31"


def _successor(name: str) -> str:
    """`task_v2` of `task`, `task_v3` of `task_v2`."""
    stem, _, number = name.rpartition("_v")
    return f"{stem}_v{int(number) + 1}" if stem and number.isdecimal() else f"{name}_v2"


def differences(name: str, promise: Promise, columns: Mapping[str, str]) -> Iterator[str]:
    """Where the columns of a view in the database, with their types, are not those that are promised."""
    for column, promised in promise.columns.items():
        if column not in columns:
            yield f"report.{name} lacks the column {column}"
        elif columns[column] != promised.type:
            yield f"report.{name}.{column} is {columns[column]}, not {promised.type}"
