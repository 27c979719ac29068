"""Passwords: whether they are acceptable, and their hashes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from pydantic import SecretStr

from backend.accounts.kernel.enrolment import Details, Entry
from backend.accounts.services.cores import core_count
from upkeep.operations.plans import Change


def objection(username: str, details: Details, password: SecretStr) -> str:
    """Django's password validators' objections to this password of this user; empty if there are none."""
    try:
        validate_password(password.get_secret_value(), get_user_model()(username=username, **details))
    except ValidationError as error:
        return " ".join(_discreet(problem, password.get_secret_value()) for problem in error.error_list)
    return ""


def hash_passwords(changes: Sequence[Change]) -> list[Change]:
    """The changes, with hashes in place of passwords, computed on all cores at once."""
    with ThreadPoolExecutor(core_count(), "hash") as threads:
        return list(threads.map(_hashed, changes))


def _hashed(change: Change) -> Change:
    entry: Entry = change.payload
    if entry.pk is not None and entry.password is None:
        return change
    encoded = make_password(entry.password.get_secret_value() if entry.password else None)
    return change._replace(payload=replace(entry, values={**entry.values, "password": encoded}, password=None))


def _discreet(problem: ValidationError, password: str) -> str:
    """The validator's sentence, unless it repeats the password."""
    sentence = " ".join(problem.messages)
    return f"{problem.code or 'refused'}." if password.casefold() in sentence.casefold() else sentence
