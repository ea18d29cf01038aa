"""The address of a client: as limits count it, and whether it is on this machine."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from app.http.wsgi import Environ

# Headers of proxies, and of browsers that send the request of a page.
FORWARDING = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
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


def is_for_metrics_port(environ: Environ, port: int | None) -> bool:
    """Whether a request has come to the port of the metrics, if these have a port of their own."""
    return port is not None and environ["SERVER_PORT"] == str(port)


def is_on_this_machine(environ: Environ) -> bool:
    """Whether a program on this machine has sent the request, to a local name and on its own behalf.

    A request that a proxy passes on comes from a loopback address, too, and so does one that a browser on this machine
    sends for a page of another origin. Neither counts, whatever address the proxy names.
    """
    if any(name in environ for name in FORWARDING) or "HTTP_ORIGIN" in environ:
        return False
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin"):
        return False
    name = re.sub(r":[0-9]*$", "", environ.get("HTTP_HOST", LOCAL_NAMES[0]).lower())
    return name in LOCAL_NAMES and _is_loopback(environ.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=1024)
def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
