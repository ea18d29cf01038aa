"""The address of a client, as limits count it."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from app.http.wsgi import Environ

UNKNOWN = "unknown"  # a Unix socket, or a proxy that names no address
NETWORK_BITS = 64  # of an IPv6 address; the other bits are the client's own choice


def client_address(environ: Environ) -> str:
    """Return the IPv4 address of a client, or the /64 network of its IPv6 address.

    X-Forwarded-For is not read here: the server has put the address that a trusted proxy names into REMOTE_ADDR.
    """
    return _network(environ.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=1024)
def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), NETWORK_BITS), strict=False))
