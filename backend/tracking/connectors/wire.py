"""What the answers of all trackers have in common."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Protocol, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from backend.tracking.connectors.source import Source
from backend.tracking.kernel.moves import Absence, Elsewhere, Whereabouts
from backend.tracking.kernel.records import BrokenRecord, Person, Record
from upkeep.remote import answers
from upkeep.remote.answers import Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteError, RemoteGoneError, RemoteRejectedError, RemoteResponseError
from upkeep.remote.exchange import Request
from upkeep.remote.wire import Answer, problem

A = TypeVar("A", bound=Answer)

LONGEST_ID = 200
MAX_ITEMS = 10_000
"""On one page: no tracker sends more than a thousand."""
MAX_DIGITS = 18
"""Of a number in a header."""

LINK = re.compile(r'<([^<>]*)>((?:[^<>",]|"[^"]*")*)')
RELATION = re.compile(r';\s*rel\s*=\s*"?([^";]*)', re.IGNORECASE)


def _moment(value: object) -> object:
    if isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is None or moment.tzinfo is None:
            raise ValueError  # noqa: TRY301 - told below
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("not a time with a zone") from None


def _identifier(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""ISO 8601 with a zone; comes out in UTC."""
Identifier = Annotated[
    str, BeforeValidator(_identifier), Field(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$")
]
"""A number or text; comes out as text."""


def record(kind: type[A], item: object, make: Callable[[A], Record], *, key: str = "id", prefix: str = "") -> Record:
    """Return the record that an item of a list makes; when it is not understood, the record of that.

    Args:
        kind: how the item should look.
        item: the JSON.
        make: makes the record of an item that does.
        key: the field that identifies the item.
        prefix: what `make` puts before its value.
    """
    try:
        return make(kind.model_validate(item))
    except ValidationError as error:
        known = _identifier(item.get(key)) if isinstance(item, dict) else ""
        external_id = known if isinstance(known, str) and len(known) <= LONGEST_ID and "\0" not in known else ""
        return BrokenRecord(external_id and f"{prefix}{external_id}", problem(error))


def listed(content: object, *, about: str) -> list[object]:
    """Return the items of a JSON array. Raises RemoteResponseError when it is not one."""
    if not isinstance(content, list):
        raise RemoteResponseError(f"The answer of {about} is not understood: it is not a list")
    if len(content) > MAX_ITEMS:
        raise RemoteResponseError(f"The answer of {about} is not understood: {len(content):,} items on one page")
    return content


def header_number(headers: Mapping[str, str], name: str) -> int | None:
    """Return the number in a header; None when there is none, or one of absurd size."""
    value = headers.get(name, "").strip()
    return int(value) if value.isdecimal() and len(value) <= MAX_DIGITS else None


class Account(Protocol):
    """Whoever an answer names."""

    @property
    def person(self) -> Person | None:
        """Who that is; None: nobody."""


def somebody(accounts: Iterable[Account | None]) -> tuple[Person, ...]:
    """Return those who are people, each once."""
    people = (account.person for account in accounts if account)
    return tuple(dict.fromkeys(person for person in people if person))


class RefusedQueryError(RemoteRejectedError):
    """A query is malformed, or about a project that the token may not see, or a page of it is not there any more."""


def assess_query(answer: answers.Answer) -> None:
    """Raise RefusedQueryError for what is no right query."""
    if answer.status == 400:  # noqa: PLR2004 - Bad Request
        raise RefusedQueryError(f"{answer.service} refused the request (400)")


def found(replies: Iterable[Reply | None], *, hidden: str, is_start: bool = True) -> Iterator[Reply]:
    """Yield what a query finds. Raises RemoteRejectedError, which says `hidden` when there is no such place.

    Of a place that is hidden the start is refused; when another page is, that is about the page.
    """
    try:
        for reply in replies:
            if reply is None:
                raise RemoteRejectedError(hidden)
            is_start = False
            yield reply
    except RefusedQueryError as error:
        if is_start:
            raise RemoteRejectedError(hidden) from error
        raise


def looked_up(client: RemoteClient, paths: Sequence[str]) -> list[Reply | Absence]:
    """Return what there is at each of these paths, or how it is absent. Raises RemoteError."""
    found: list[Reply | Absence] = []
    for outcome in client.map([Request(path) for path in paths]):
        if isinstance(outcome, RemoteGoneError):
            found.append(Absence.GONE)
        elif isinstance(outcome, RemoteError):
            raise outcome
        else:
            found.append(Absence.HIDDEN if outcome is None else outcome)
    return found


def renamed(before: str, code: str, *, project: str, ours: str) -> Whereabouts:
    """Return where an issue is that has this code, in a system where a move changes the code and not the id.

    Args:
        before: its code, as it is stored.
        code: its code now.
        project: where it is.
        ours: the project that is read. What is elsewhere and has its old code was never there: others are read now.
    """
    if project.casefold() == ours.casefold():
        return Absence.HERE
    return Absence.GONE if code.casefold() == before.casefold() else Elsewhere(code, project)


def token(source: Source) -> str:
    """Return the token to send. Raises RemoteRejectedError when there is none."""
    value = source.token.get_secret_value().strip()
    if not value:
        raise RemoteRejectedError(f"api_token is missing for {source.kind} {source.place.name}")
    return value


def next_link(link: str) -> str | None:
    """Return the address of the next page from a `Link` header (RFC 8288), as given."""
    for address, parameters in LINK.findall(link):
        relation = RELATION.search(parameters)
        if relation and "next" in relation[1].lower().split():
            return str(address)
    return None
