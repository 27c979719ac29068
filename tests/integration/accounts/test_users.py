import pytest
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection
from pytest_django import DjangoAssertNumQueries

from backend.accounts.kernel import cells
from backend.accounts.kernel.enrolment import DEFAULTS, Account, Entry
from backend.accounts.kernel.rows import Row
from backend.accounts.models import User
from backend.accounts.services.users import accounts, write_users
from backend.spreadsheets.table import BrokenRow
from upkeep.operations.plans import Change

pytestmark = pytest.mark.django_db


def user(username: str = "ann", **values: str | bool) -> User:
    return User.objects.create(username=username, **values)


def created(username: str) -> Change:
    return Change("created", username, username, payload=Entry(None, {"username": username, "password": "!"}, None))


def updated(stored: User, **values: str | bool) -> Change:
    return Change("updated", stored.username, stored.username, payload=Entry(stored.pk, values, None))


def test_existing_users_are_found_whatever_the_case_of_their_names() -> None:
    ann = user("Ann", email="ann@example.com", password=make_password("s3cret"))
    nikos = user("ΝΙΚΟΣ", is_active=False, password=make_password(None))
    user("somebody-else")
    found = accounts([Row(2, "aNN", {}), BrokenRow(3, "no_name", ""), Row(4, "νικοσ", {}), Row(5, "new", {})])
    assert found == {
        "ann": Account(ann.pk, "Ann", {**DEFAULTS, "email": "ann@example.com"}, has_password=True),
        "νικοσ": Account(nikos.pk, "ΝΙΚΟΣ", {**DEFAULTS, "is_active": False}, has_password=False),
    }


def test_the_database_and_we_agree_on_which_names_are_the_same() -> None:
    characters = [chr(code) for code in range(0x80, 0x20000) if chr(code).isalpha()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, lower(name) FROM unnest(%s::text[]) name WHERE lower(name) <> name", [characters])
        lowered = dict(cursor.fetchall())
    assert len(lowered) > 1_000
    assert [name for name, lower in lowered.items() if cells.key(name) != lower] == []


def test_users_are_found_and_written_in_a_few_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    stored = [user(f"old{number}") for number in range(100)]
    with django_assert_num_queries(1):
        assert len(accounts([Row(2, item.username, {}) for item in stored])) == 100
    changes = [created(f"new{number}") for number in range(100)]
    changes += [updated(item, email="a@example.com") for item in stored[:50]]
    changes += [updated(item, is_staff=True, password="!") for item in stored[50:]]
    with django_assert_num_queries(3):
        write_users(changes)
    assert User.objects.filter(username__startswith="new").count() == 100
    assert User.objects.filter(email="a@example.com", is_staff=False).count() == 50
    assert User.objects.filter(email="", is_staff=True, password="!").count() == 50


def test_an_update_writes_nothing_that_it_was_not_told() -> None:
    stored = user(email="ann@example.com")
    change = updated(stored, first_name="Ann")
    User.objects.update(email="changed@meanwhile.com")
    write_users([change])
    stored.refresh_from_db()
    assert (stored.first_name, stored.email) == ("Ann", "changed@meanwhile.com")


def test_a_name_that_was_taken_meanwhile_is_an_integrity_error() -> None:
    user("ANN")
    with pytest.raises(IntegrityError, match="accounts_user_username_without_case"):
        write_users([created("ann")])


def test_a_user_who_was_deleted_meanwhile_is_an_integrity_error() -> None:
    stored = user()
    change = updated(stored, first_name="Ann")
    User.objects.all().delete()
    with pytest.raises(IntegrityError, match="deleted in the meantime"):
        write_users([change])
