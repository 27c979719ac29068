from pydantic import SecretStr

from backend.accounts.kernel.enrolment import DEFAULTS, Account, Details, Enrolment
from backend.accounts.kernel.rows import Row, rows
from backend.spreadsheets.table import BrokenRow


def parsed(text: str | bytes, *, delimiter: str = ",", encoding: str | None = None) -> list[Row | BrokenRow]:
    raw = text.encode() if isinstance(text, str) else text
    return list(rows(raw.splitlines(keepends=True), delimiter, encoding))


def row(line: int = 2, *, username: str = "ann", password: str | None = None, **values: str | bool) -> Row:
    return Row(line, username, values, SecretStr(password) if password else None)


def account(pk: int = 1, *, username: str = "ann", has_password: bool = True, **details: str | bool) -> Account:
    return Account(pk, username, {**DEFAULTS, **details}, has_password)


def enrolment(*, update: bool = False, reset_passwords: bool = False, weak: str = "weak") -> Enrolment:
    """Finds fault with one password alone."""

    def objection(_username: str, _details: Details, password: SecretStr) -> str:
        return "too weak." if password.get_secret_value() == weak else ""

    return Enrolment(update=update, reset_passwords=reset_passwords, objection=objection)
