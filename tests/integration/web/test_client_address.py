"""From where a request comes, behind a proxy and without one."""

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from backend.accounts.models import User
from backend.config.headers import client_address


def seen(**headers: str) -> str:
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1"))


def test_a_header_that_nobody_said_the_proxy_sets_is_not_believed(settings: Settings) -> None:
    assert seen(X_Forwarded_For="198.51.100.7") == "192.0.2.1"
    settings.CLIENT_ADDRESS_HEADER = "X-Real-IP"
    assert seen(X_Forwarded_For="198.51.100.7") == "192.0.2.1"
    assert seen(X_Real_IP="198.51.100.7") == "198.51.100.7"


def test_of_several_addresses_the_one_counts_that_the_proxy_added(settings: Settings) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"
    assert seen(X_Forwarded_For="203.0.113.9, 198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:DB8:0::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("unknown", "192.0.2.1"),
        ("203.0.113.9, _hidden", "192.0.2.1"),
        ("198.51.100.999", "192.0.2.1"),
        ("", "192.0.2.1"),
    ],
)
def test_an_address_may_have_a_port_and_what_is_not_one_counts_as_not_said(
    settings: Settings, said: str, counts: str
) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"
    assert seen(X_Forwarded_For=said) == counts


@pytest.mark.django_db
def test_who_guesses_passwords_through_a_proxy_locks_nobody_else_out(settings: Settings) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"
    User.objects.create_superuser("root", password="right-42")

    def log_in(password: str, address: str) -> int:
        form = {"username": "root", "password": password}
        return Client(headers={"X-Forwarded-For": address}).post(reverse("admin:login"), form).status_code

    assert [log_in("wrong-42", "203.0.113.9") for _ in range(6)][-1] == 429
    assert log_in("right-42", "203.0.113.9") == 429
    assert log_in("right-42", "198.51.100.7") == 302
