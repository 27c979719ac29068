"""Where requests may go."""

from collections.abc import Collection

import httpx2

from upkeep.remote.errors import RemoteRejectedError

LONGEST_HOST = 40
"""Characters."""
PORTS = {"http": 80, "https": 443}


def checked(service: str, base_url: str, allow_http_hosts: Collection[str]) -> httpx2.URL:
    """Return the address of an API as a URL without anything that could betray a secret.

    Raises `RemoteRejectedError` when it is not an address, holds a password or a query, or would be sent in clear text
    to a host that is not allowed to be.
    """
    try:
        url = httpx2.URL(base_url.strip().rstrip("/"))
    except httpx2.InvalidURL as error:
        raise RemoteRejectedError(f"The address of {service} is malformed") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise RemoteRejectedError(f"The address of {service} is not of the form https://host/path")
    if url.userinfo or url.query or url.fragment:
        raise RemoteRejectedError(f"The address of {service} holds more than https://host/path: remove the rest")
    if url.scheme == "http" and url.host not in {host.lower() for host in allow_http_hosts}:
        raise RemoteRejectedError(
            f"{service}: http:// to {url.host} is refused: use https://, or allow this host (REMOTE_HTTP_HOSTS)"
        )
    return url


def host_and_port(url: httpx2.URL) -> str:
    """Return `host:port`, which is the same for every address of a server."""
    return f"{url.host}:{url.port or PORTS.get(url.scheme)}"


def shortened(host: str) -> str:
    """Return a host that an answer names, not in full: it may be somebody's secret, or of an inner network."""
    labels = host.rstrip(".").split(".")
    if len(labels) == 1 or labels[-1].isdecimal() or ":" in host:
        return "another host"
    return "….".join(("", ".".join(labels[-2:] if len(labels) > 2 else labels[-1:])))[-LONGEST_HOST:]  # noqa: PLR2004 - a domain and the one above


def origin(url: httpx2.URL) -> tuple[str, str]:
    """Return what two addresses have in common when credentials for one may be sent to the other."""
    return url.scheme, host_and_port(url)
