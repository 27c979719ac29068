"""What the answers of an API say of our rows, and what becomes of each."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypedDict

from upkeep.operations.plans import Change
from upkeep.remote.errors import RemoteError, RemoteRejectedError, RemoteUnavailableError
from upkeep.remote.wire import Answer, Text


class Row(TypedDict):
    """What is stored of a row."""

    pk: Any
    code: str
    title: str


class Found(Answer):
    """What the API answers about a row, as far as it matters here."""

    title: Text


Outcome = Found | RemoteError | None
"""None: the API does not have it."""


def plan(rows: Iterable[Row], outcomes: Mapping[str, Outcome], *, force: bool) -> Iterator[Change]:
    """What becomes of each row; `outcomes` by code."""
    for row in rows:
        yield _change(row, outcomes[row["code"]], force=force)


def _change(row: Row, outcome: Outcome, *, force: bool) -> Change:
    key, label = str(row["pk"]), row["code"]
    if outcome is None:
        return Change("skipped", key, label, reason="not_found")
    if isinstance(outcome, RemoteError):
        return Change("failed", key, label, reason=_reason(outcome))
    before, after = row["title"], outcome.title
    if after in ("", before):
        return Change("unchanged", key, label)
    if before and not force:
        return Change("skipped", key, label, reason="differs")
    return Change("updated", key, label, {"title": (before, after)}, payload=after)


def _reason(error: RemoteError) -> str:
    if isinstance(error, RemoteUnavailableError):
        return "unavailable"
    return "rejected" if isinstance(error, RemoteRejectedError) else "not_understood"
