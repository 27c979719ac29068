"""Users in the database."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError
from django.db.models import Value
from django.db.models.functions import Lower

from backend.accounts.kernel import cells
from backend.accounts.kernel.enrolment import DEFAULTS, Account, Entry
from backend.accounts.kernel.rows import Row
from backend.spreadsheets.table import BrokenRow
from upkeep.operations.plans import Change


def accounts(rows: Iterable[Row | BrokenRow]) -> dict[str, Account]:
    """The existing users that the rows name, by the `cells.key` of their usernames."""
    # Both sides are lowered by the database: its locale, not Python's, decides which names are the same.
    names = [Lower(Value(row.username)) for row in rows if isinstance(row, Row)]
    users = (
        get_user_model()
        .objects.alias(lowered=Lower("username"))
        .filter(lowered__in=names)
        .only("username", "password", *DEFAULTS)
    )
    return {cells.key(user.username): _account(user) for user in users}


def write_users(changes: Sequence[Change]) -> None:
    """Insert the new users and update the others, in a few statements. Passwords must be hashed.

    Raises IntegrityError where a name was taken, or a user deleted, in the meantime.
    """
    entries: list[Entry] = [change.payload for change in changes]
    model = get_user_model()
    model.objects.bulk_create(model(**entry.values) for entry in entries if entry.pk is None)
    existing = sorted((entry for entry in entries if entry.pk is not None), key=_changed)
    for names, group in groupby(existing, key=_changed):
        users = [model(pk=entry.pk, **entry.values) for entry in group]
        if model.objects.bulk_update(users, names) < len(users):
            raise IntegrityError("the user was deleted in the meantime")


def _changed(entry: Entry) -> list[str]:
    """The fields to write: no others, since somebody else may have changed those."""
    return sorted(entry.values)


def _account(user: Any) -> Account:
    details = {name: getattr(user, name) for name in DEFAULTS}
    return Account(user.pk, user.username, details, has_password=not user.password.startswith(UNUSABLE_PASSWORD_PREFIX))
