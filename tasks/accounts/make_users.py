from collections.abc import Sequence
from functools import partial
from typing import Annotated

from backend.accounts.kernel.enrolment import Enrolment
from backend.accounts.services.pages import pages
from backend.accounts.services.passwords import hash_passwords, objection
from backend.accounts.services.users import accounts, write_users
from backend.spreadsheets.records import Delimiter
from backend.spreadsheets.text import Encoding, UnusableFileError
from backend.tracking.models import Organization
from backend.tracking.services import membership
from backend.tracking.services.lookup import UnknownCodeError, organization
from tasks.tracking._people import map_people
from tasks.tracking._subjects import of_organization
from upkeep.operations import Change, InputFile, Params, Positional, RunContext, operation


class MakeUsers(Params):
    file: Annotated[InputFile, Positional()]
    """A CSV file: a header line, then one user per line."""
    update: bool = False
    """Also update existing users from the file, except their passwords."""
    reset_passwords: bool = False
    """Also set existing users' passwords to those in the file."""
    delimiter: Delimiter = ","
    """The character between two cells, or tab; a first line such as sep=; in the file takes precedence."""
    encoding: Encoding | None = None
    """The file's encoding, such as windows-1252. Default: UTF-16 if its byte order mark says so, else UTF-8."""
    organization: str | None = None
    """The code of an organization that the users become members of."""


def _organization(params: MakeUsers) -> str | None:
    return None if params.organization is None else of_organization(params.organization)


@operation(
    "accounts.make_users",
    exclusive="accounts",
    about=_organization,
    errors=(UnusableFileError, UnknownCodeError),
    examples=(
        ("users.csv --dry-run --verbose", "Show who would be created, and which lines cannot be."),
        ("users.csv --organization demo", "Create them as members of the organization demo."),
        ("users.csv --update", "Also update existing users."),
        ("users.csv --delimiter tab --encoding windows-1252", "Read a file as Excel saves it as plain text."),
    ),
)
def make_users(params: MakeUsers, run: RunContext) -> None:
    """Create the users of a CSV file.

    Its columns, of which only username or email is required: username, email, full_name, first_name, last_name,
    is_active, is_staff, is_superuser, password. Spellings such as First Name and E-Mail are understood. The three with
    is_ hold a yes (true, yes, y, wahr, ja, j, x, on, 1) or a no (false, no, n, falsch, nein, off, 0, or an empty cell:
    an empty is_active makes an inactive user). Without a column is_active, new users are active.
    """
    owner = organization(params.organization) if params.organization is not None else None
    enrolment = Enrolment(update=params.update, reset_passwords=params.reset_passwords, objection=objection)
    with run.open(params.file) as file:
        for batch in run.batches(
            pages(file, name=params.file.name, delimiter=params.delimiter, encoding=params.encoding)
        ):
            plan = enrolment.plan(batch.items, accounts(batch.items))
            if owner is None:
                batch.commit(plan, write=write_users, prepare=hash_passwords)
            else:
                batch.commit(membership.plan(plan, owner), write=partial(_write, owner), prepare=_prepared)
    if owner is not None:
        map_people(owner, run)


def _prepared(changes: Sequence[Change]) -> list[Change]:
    """Who only becomes a member has no password to hash."""
    return hash_passwords(_of_users(changes)) + [change for change in changes if change.payload is None]


def _write(owner: Organization, changes: Sequence[Change]) -> None:
    write_users(_of_users(changes))
    membership.write(owner, changes)


def _of_users(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.payload is not None]
