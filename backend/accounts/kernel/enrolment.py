"""Which users the rows of a file create and change."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from backend.accounts.kernel import cells
from backend.accounts.kernel.rows import Row
from backend.spreadsheets.table import BrokenRow
from upkeep.operations.plans import Change

Details = Mapping[str, str | bool]
"""A user's details by field: all but the username and the password."""
Objection = Callable[[str, Details, SecretStr], str]
"""Why the user of that name, with those details, must not have that password; empty if they may."""

DEFAULTS: Details = {
    "email": "",
    "full_name": "",
    "first_name": "",
    "last_name": "",
    "is_active": True,
    "is_staff": False,
    "is_superuser": False,
}
"""A new user's details, where the file has no such column."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user that exists."""

    pk: int
    username: str
    details: Details
    has_password: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """What to write of one user: a new one, if `pk` is None."""

    pk: int | None
    values: Mapping[str, str | bool] = field(repr=False)
    password: SecretStr | None
    """The password to set. Without one, a new user cannot sign in, and an existing one's stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """How rows become users.

    Existing users stay as they are, unless `update` (what the file's columns say, but no password) or
    `reset_passwords` (the passwords that the file gives, and nothing else).
    """

    update: bool
    reset_passwords: bool
    objection: Objection

    def plan(self, rows: Iterable[Row | BrokenRow], accounts: Mapping[str, Account]) -> Iterator[Change]:
        """One change a row; `accounts` are the existing users that the rows name, by the `cells.key` of their names."""
        for row in rows:
            if isinstance(row, BrokenRow):
                yield _failed(row.line, row.reason, row.detail)
            elif account := accounts.get(cells.key(row.username)):
                yield self._existing(row, account)
            else:
                yield self._new(row)

    def _new(self, row: Row) -> Change:
        details = _merged(DEFAULTS, row.values)
        if objection := self._objection(row.username, details, row.password):
            return _failed(row.line, "weak_password", objection)
        fields = {name: (None, value) for name, value in details.items() if value != ""}
        fields["password"] = (None, "set" if row.password else "none")
        entry = Entry(None, {"username": row.username, **details}, row.password)
        return Change("created", row.username, row.username, fields, payload=entry)

    def _existing(self, row: Row, account: Account) -> Change:
        details = _merged(account.details, row.values if self.update else {})
        password = row.password if self.reset_passwords else None
        changed = {name: value for name, value in details.items() if value != account.details[name]}
        if objection := self._objection(account.username, details, password):
            return _failed(row.line, "weak_password", objection)
        if not changed and not password:
            return Change("unchanged", account.username, account.username)
        fields = {name: (account.details[name], value) for name, value in changed.items()}
        if password:
            fields["password"] = ("set" if account.has_password else "none", "reset")
        entry = Entry(account.pk, changed, password)
        return Change("updated", account.username, account.username, fields, payload=entry)

    def _objection(self, username: str, details: Details, password: SecretStr | None) -> str:
        return self.objection(username, details, password) if password else ""


def _merged(old: Details, new: Details) -> Details:
    """`old` with what is `new`; a full name that consisted of the first and the last name still does."""
    merged = {**old, **new}
    if "full_name" not in new and old["full_name"] == _joined(old):
        merged["full_name"] = _joined(merged)
    return merged


def _joined(details: Details) -> str:
    return f"{details['first_name']} {details['last_name']}".strip()


def _failed(line: int, reason: str, detail: str) -> Change:
    return Change("failed", f"line {line}", f"line {line}: {detail}", reason=reason)
