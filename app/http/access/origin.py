"""Rejects writes from pages of other origins.

A web page can send requests to every service that the browser can reach, including services on the user's own machine.
The browser names the origin of a request in the headers Origin and Sec-Fetch-Site.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from app.http.problems import CrossOriginWrite, Fault
from app.values.text import showable

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def refuse_cross_origin_write(environ: Mapping[str, Any], allowed: Sequence[str]) -> None:
    """Raise `CrossOriginWrite` for a write, or its preflight, from a page without permission.

    For requests without a token. A page may write from the service's own origin, from one of the `allowed` origins
    (``scheme://host``), or from a loopback address. A request without these headers is not from a page.
    """
    if _is_write(environ) and not _announces_token(environ):
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            is_foreign = environ.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        else:
            is_foreign = not _is_own(environ, origin) and origin not in allowed and not _is_loopback(origin)
        if is_foreign:
            name = "Sec-Fetch-Site" if origin is None else "Origin"
            page = f"A page of {showable(origin)}" if origin not in (None, "null") else "A page of another origin"
            detail = (
                f"{page} may not write to this service without a token. Send one as Authorization: Bearer TOKEN. An "
                "operator can also add the origin to the setting CORS_ORIGINS."
            )
            raise CrossOriginWrite.from_fault(Fault("header", name, "not_allowed", detail))


def refuse_cross_site_cookie(environ: Mapping[str, Any]) -> None:
    """Raise `CrossOriginWrite` for a write with the session cookie, unless it is from a page of the service itself.

    The browser adds the cookie to requests of any page, so the request must show its origin.
    """
    if _is_write(environ):
        is_by_user = environ.get("HTTP_SEC_FETCH_SITE") == "none"  # an extension or a tool of the browser
        if not is_by_user and not comes_from_own_page(environ):
            name = "Origin" if "HTTP_ORIGIN" in environ else "Sec-Fetch-Site"
            detail = (
                "A write with the session cookie must come from a page of this service. Elsewhere, send a token as "
                "Authorization: Bearer TOKEN."
            )
            raise CrossOriginWrite.from_fault(Fault("header", name, "not_allowed", detail))


def comes_from_own_page(environ: Mapping[str, Any]) -> bool:
    """Whether a request comes from a page of this service."""
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    if site is not None:  # the browser has compared scheme, host and port
        return bool(site == "same-origin")
    return origin is not None and _is_own(environ, origin)


def _is_own(environ: Mapping[str, Any], origin: str) -> bool:
    return _netloc(origin) == environ.get("HTTP_HOST", "").lower()


def _is_write(environ: Mapping[str, Any]) -> bool:
    method = environ["REQUEST_METHOD"]
    if method == "OPTIONS":
        method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "OPTIONS")
    return method not in SAFE_METHODS


def _announces_token(environ: Mapping[str, Any]) -> bool:
    """Whether this is a preflight of a request with a token, which will show whether it is valid."""
    if environ["REQUEST_METHOD"] != "OPTIONS":
        return False
    announced = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "").lower()
    return "authorization" in [name.strip() for name in announced.split(",")]


@lru_cache(maxsize=256)
def _netloc(origin: str) -> str | None:
    """Return host and port of an origin as in the header Host, None for ``null``."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _is_loopback(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
