"""By which way requests leave this machine."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

LOCAL = ("localhost", ".localhost")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy for what is neither on this machine nor to be asked directly; HTTP_PROXY and its like are ignored."""

    url: str = field(repr=False)
    """It may hold a password."""
    direct: Collection[str] = ()
    """Hosts that are asked directly, as NO_PROXY names them: `example.com` with all below it, an address, a network, or
    `*` for all."""

    def is_for(self, host: str) -> bool:
        """Whether requests to the host take it."""
        host = host.lower().rstrip(".")
        try:
            address = ip_address(host)
        except ValueError:
            return not any(_names(entry, host) for entry in (*LOCAL, *self.direct))
        return not address.is_loopback and not any(_holds(entry, host) for entry in self.direct)


def _names(entry: str, host: str) -> bool:
    domain = entry.strip().lower().removeprefix("*").strip(".")
    return entry.strip() == "*" or (bool(domain) and (host == domain or host.endswith(f".{domain}")))


def _holds(entry: str, address: str) -> bool:
    try:
        return entry.strip() == "*" or ip_address(address) in ip_network(entry.strip().strip("[]"), strict=False)
    except ValueError:
        return False
