import pytest
from django.contrib.auth.hashers import check_password, is_password_usable
from django.core.exceptions import ValidationError
from pydantic import SecretStr
from pytest_django import Settings

from backend.accounts.kernel.enrolment import DEFAULTS, Entry
from backend.accounts.services.passwords import hash_passwords, objection
from upkeep.operations.plans import Change


class Parrot:
    """A validator that repeats what it is given."""

    def validate(self, password: str, user: object = None) -> None:  # noqa: ARG002 - Django's signature
        raise ValidationError(f"{password.upper()} will not do", code="will_not_do")


class Mute:
    """A validator that repeats what it is given, and has no code for it."""

    def validate(self, password: str, user: object = None) -> None:  # noqa: ARG002 - Django's signature
        raise ValidationError(password)


def change(pk: int | None = None, *, password: str | None = None, **values: str) -> Change:
    entry = Entry(pk, values, SecretStr(password) if password else None)
    return Change("updated" if pk else "created", "ann", "ann", payload=entry)


def told(password: str, **details: str) -> str:
    return objection("ann.lee", {**DEFAULTS, **details}, SecretStr(password))


def test_passwords_are_replaced_by_their_hashes_in_the_order_of_their_users() -> None:
    hashed = hash_passwords([change(password=f"s3cret-{number}") for number in range(20)])
    for number, item in enumerate(hashed):
        assert check_password(f"s3cret-{number}", item.payload.values["password"])
        assert item.payload.password is None


def test_a_new_user_without_a_password_gets_one_that_nobody_can_use() -> None:
    [hashed] = hash_passwords([change()])
    assert not is_password_usable(hashed.payload.values["password"])


def test_an_existing_user_without_a_new_password_keeps_the_old_one() -> None:
    before = change(7, email="ann@example.com")
    assert hash_passwords([before]) == [before]


def test_a_hash_is_in_no_representation_of_its_change() -> None:
    [hashed] = hash_passwords([change(password="s3cret-pass")])
    assert hashed.payload.values["password"] not in repr(hashed)


def test_a_good_password_is_not_objected_to() -> None:
    assert not told("correct-horse-42")


@pytest.mark.parametrize(
    ("password", "details", "sentence"),
    [
        ("x7", {}, "at least 8 characters"),
        ("29830174652", {}, "entirely numeric"),
        ("ann.lee.1", {}, "too similar to the username"),
        ("constance77", {"first_name": "Constance"}, "too similar to the first name"),
        ("iloveyou", {}, "too common"),
    ],
)
def test_an_objection_is_what_djangos_validators_say(password: str, details: dict[str, str], sentence: str) -> None:
    assert sentence in told(password, **details)


@pytest.mark.parametrize(("validator", "said"), [(Parrot, "will_not_do."), (Mute, "refused.")])
def test_an_objection_never_repeats_the_password(settings: Settings, validator: type, said: str) -> None:
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{__name__}.{validator.__name__}"}]
    assert told("correct-horse-42") == said
