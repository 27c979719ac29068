"""Headers: what every page of the web process says to browsers, and what a proxy says to us."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but what this host serves: no inline script or style. What Django's admin needs."""
WITH_PORT = re.compile(r"\[(?P<v6>[0-9a-f:.]+)\](:\d+)?|(?P<v4>[0-9.]+):\d+", re.IGNORECASE)
"""An address as some proxies write it."""


def security_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that adds the Content-Security-Policy, and Strict-Transport-Security where SECURE_HSTS_SECONDS is set.

    Django sends the latter only if it knows that a request was secure, which takes a header of the proxy; browsers
    ignore it on others.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if settings.SECURE_HSTS_SECONDS:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")
        return response

    return respond


def client_address(request: HttpRequest) -> str:
    """From where the request comes: as the proxy says in CLIENT_ADDRESS_HEADER, where that is set.

    Of several addresses in it the last counts, which the proxy has added; what is not one is as if nothing was said.
    """
    return address_said(request.headers) or request.META.get("REMOTE_ADDR", "")  # a login by code has none


def address_said(headers: Mapping[str, str]) -> str:
    """The address in CLIENT_ADDRESS_HEADER among these headers; empty where there is none."""
    said = headers.get(settings.CLIENT_ADDRESS_HEADER, "") if settings.CLIENT_ADDRESS_HEADER else ""
    text = said.rpartition(",")[2].strip()
    found = WITH_PORT.fullmatch(text)
    try:
        return str(ip_address((found["v6"] or found["v4"]) if found else text))
    except ValueError:
        return ""
