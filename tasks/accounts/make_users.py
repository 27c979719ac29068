from typing import Annotated

from backend.accounts.kernel.enrolment import Enrolment
from backend.accounts.kernel.records import Delimiter
from backend.accounts.kernel.text import UnusableFileError
from backend.accounts.services.pages import pages
from backend.accounts.services.passwords import hash_passwords, objection
from backend.accounts.services.users import accounts, write_users
from backend.operations.context import RunContext
from backend.operations.declaration import operation
from backend.operations.files import InputFile
from backend.operations.params import Params, Positional


class MakeUsers(Params):
    file: Annotated[InputFile, Positional()]
    """A CSV file: a heading, then a user a line."""
    update: bool = False
    """Also change existing users to what the file says, but not their passwords."""
    reset_passwords: bool = False
    """Also give existing users the passwords of the file."""
    delimiter: Delimiter = ","
    """The character between two cells, or tab."""


@operation("accounts.make_users", exclusive="accounts", errors=(UnusableFileError,))
def make_users(params: MakeUsers, run: RunContext) -> None:
    """Create the users of a CSV file.

    Its columns, all optional but for one of username and email: username, email, full_name, first_name, last_name,
    is_active, is_staff, is_superuser, password.
    """
    enrolment = Enrolment(update=params.update, reset_passwords=params.reset_passwords, objection=objection)
    with run.open(params.file) as file:
        for batch in run.batches(pages(file, delimiter=params.delimiter)):
            plan = enrolment.plan(batch.items, accounts(batch.items))
            batch.commit(plan, write=write_users, prepare=hash_passwords)
