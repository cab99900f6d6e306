"""Where a request comes from."""

import ipaddress
from typing import Any

from django.conf import settings


def address_of(request: Any) -> str:
    """The client's IP address: the connection's own, or, behind as many reverse proxies as the settings say, the one
    that the outermost of them saw. What a client writes about itself counts for nothing."""
    direct = request.META.get("REMOTE_ADDR", "")
    if not settings.TRUSTED_PROXIES:
        return _readable(direct) or ""
    named = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    told = named[-settings.TRUSTED_PROXIES] if len(named) >= settings.TRUSTED_PROXIES else ""
    return _readable(told) or _readable(direct) or ""


def neighbourhood_of(address: str) -> str:
    """Whose address it is, as far as one can tell: of IPv6 everybody has a whole network of 64 bits."""
    known = _readable(address)
    if known is None or ipaddress.ip_address(known).version == 4:
        return address
    return str(ipaddress.ip_network(f"{known}/64", strict=False))


def _readable(address: str) -> str | None:
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
