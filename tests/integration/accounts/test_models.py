from io import StringIO
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test import Client, RequestFactory
from pytest_django import Settings

from backend.accounts.kernel import cells
from backend.accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-42"


def user(username: str = "Ann@Example.com", **values: str) -> User:
    return User.objects.create_user(username, password=PASSWORD, **values)


def test_no_two_usernames_differ_by_case_alone() -> None:
    user("ann")
    with pytest.raises(IntegrityError):
        user("ANN")


def test_a_form_says_so_before_the_database_does() -> None:
    user("ann")
    with pytest.raises(ValidationError, match="A user with that username already exists"):
        User(username="ANN", password="!").full_clean()


def test_people_sign_in_whatever_the_case_of_their_name() -> None:
    stored = user()
    assert authenticate(RequestFactory().get("/"), username="ANN@example.COM", password=PASSWORD) == stored
    assert authenticate(RequestFactory().get("/"), username="ann", password=PASSWORD) is None


def test_people_are_found_whatever_the_case_of_their_name_asynchronously_too() -> None:
    stored = user()
    assert async_to_sync(User.objects.aget_by_natural_key)("ANN@example.COM") == stored


def test_a_name_is_looked_up_by_the_index() -> None:
    User.objects.bulk_create(User(username=f"user{number}") for number in range(1_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user")
        connection.force_debug_cursor = True
        assert User.objects.get_by_natural_key("USER7").username == "user7"
        connection.force_debug_cursor = False
        cursor.execute("EXPLAIN " + connection.queries_log[-1]["sql"])
        assert "accounts_user_username_without_case" in str(cursor.fetchall())


def test_the_longest_address_is_a_username() -> None:
    longest = f"{'o' * 63}'{'h' * 184}@x.org"
    stored = user(longest)
    stored.full_clean()
    assert len(longest) == 254
    assert authenticate(RequestFactory().get("/"), username=longest, password=PASSWORD) == stored


def test_the_columns_hold_what_the_cells_of_a_file_may() -> None:
    lengths = {field.name: field.max_length for field in User._meta.fields}
    assert lengths["username"] == cells.USERNAME_LENGTH
    assert lengths["email"] == cells.EMAIL_LENGTH
    assert lengths["full_name"] == cells.FULL_NAME_LENGTH
    assert lengths["first_name"] == lengths["last_name"] == cells.NAME_LENGTH


def test_the_full_name_is_the_one_that_was_given_or_else_first_and_last() -> None:
    assert User(full_name="Dr. Lee", first_name="Ann", last_name="Lee").get_full_name() == "Dr. Lee"
    assert User(first_name="Ann", last_name="Lee").get_full_name() == "Ann Lee"


def test_createsuperuser_works_and_refuses_a_name_in_another_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--no-input", username="Root", email="root@example.com", stdout=StringIO())
    stored = User.objects.get()
    assert stored.is_superuser
    assert stored.check_password(PASSWORD)
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", "--no-input", username="rOOT", email="root@example.com")


@pytest.fixture
def uncollected(settings: Settings, tmp_path: Path) -> None:
    """Pages that need no collected static files."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.mark.usefixtures("uncollected")
def test_users_are_added_and_changed_in_the_admin(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    new = {"username": "ann", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/admin/accounts/user/add/", {**new, "username": "ROOT"}).status_code == 200
    assert client.post("/admin/accounts/user/add/", new).status_code == 302
    stored = User.objects.get(username="ann")
    page = f"/admin/accounts/user/{stored.pk}/change/"
    assert b"full_name" in client.get(page).content
    changed = {"username": "ann", "full_name": "Ann Lee", "date_joined_0": "2026-01-01", "date_joined_1": "12:00"}
    assert client.post(page, changed).status_code == 302
    stored.refresh_from_db()
    assert stored.full_name == "Ann Lee"
    assert b"Ann Lee" in client.get("/admin/accounts/user/?q=lee").content
