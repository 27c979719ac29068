"""Whether the web process can serve, as proxies ask."""

import pytest
from django.db import Error, connection
from django.test import Client
from pytest_django import Settings


@pytest.fixture(autouse=True)
def behind_tls(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["upkeep.example.com"]
    settings.SECURE_SSL_REDIRECT = True


def ask(path: str) -> tuple[int, str]:
    response = Client().get(path, headers={"Host": "10.0.0.7:8000"})
    return response.status_code, response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_any_host_is_answered_without_tls(path: str) -> None:
    assert ask(path) == (200, "ok\n")
    assert ask("/admin/")[0] in (301, 400)


@pytest.mark.django_db
def test_a_database_that_is_not_migrated_is_said() -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'sessions'")
    assert ask("/health/ready") == (503, "migrations are missing (1): run `manage.py migrate`\n")
    assert ask("/health/live") == (200, "ok\n")


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_said_without_details() -> None:
    with connection.cursor() as cursor, pytest.raises(Error):
        cursor.execute("select 1 / 0")  # from then on its transaction refuses everything
    assert ask("/health/ready") == (503, "the database cannot be used\n")
    assert ask("/health/live") == (200, "ok\n")
