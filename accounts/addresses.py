"""Finds the address and the network from which a request comes."""

import ipaddress
from typing import Any

from django.conf import settings


def address_of(request: Any) -> str:
    """Return the client's IP address. Empty if there is none that can be read.

    Without reverse proxies it is the address of the connection. Behind TRUSTED_PROXIES of them it is the address that
    the outermost proxy saw. A client can write any header itself, so entries before that one are ignored.
    """
    direct = request.META.get("REMOTE_ADDR", "")
    if not settings.TRUSTED_PROXIES:
        return _readable(direct) or ""
    named = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    # Each proxy appends the address that it saw, so ours are the last entries.
    told = named[-settings.TRUSTED_PROXIES] if len(named) >= settings.TRUSTED_PROXIES else ""
    return _readable(told) or _readable(direct) or ""


def network_of(address: str) -> str:
    """Return the network that belongs to one customer. With IPv6 each customer has a whole network of 64 bits, and can
    use any address of it."""
    known = _readable(address)
    if known is None or ipaddress.ip_address(known).version == 4:
        return address
    return str(ipaddress.ip_network(f"{known}/64", strict=False))


def _readable(address: str) -> str | None:
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    # A socket for both protocols reports IPv4 clients as ::ffff:192.0.2.1.
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
