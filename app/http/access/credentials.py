"""The token of a request, from ``Authorization: Bearer`` (RFC 6750) or from the session cookie."""

from __future__ import annotations

from typing import NamedTuple

from app.http.problems import InvalidCredentials
from app.http.wsgi import Environ

# With this prefix, browsers take the cookie from this host alone, over HTTPS or from a loopback address
# (RFC 6265bis, section 4.1.3.2).
COOKIE = "__Host-catalog"
COOKIE_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
SESSION_SECONDS = 30 * 24 * 3600


class Credentials(NamedTuple):
    """A token as it was sent."""

    token: str
    is_from_cookie: bool


def credentials_of(environ: Environ) -> Credentials | None:
    """Return the token of a request, None if it has none. Raises `InvalidCredentials` for another scheme.

    The header precedes the cookie. A token in the URL is never read, because URLs are logged and shared.
    """
    header = environ.get("HTTP_AUTHORIZATION")
    if header is not None:
        return Credentials(_bearer(header), is_from_cookie=False)
    cookies = environ.get("HTTP_COOKIE")
    if cookies is None or COOKIE not in cookies:
        return None
    token = _cookie(cookies)
    return None if token is None else Credentials(token, is_from_cookie=True)


def session_cookie(token: str) -> tuple[str, str]:
    """Return the header that stores a session's token in the browser."""
    return "Set-Cookie", f"{COOKIE}={token}; Max-Age={SESSION_SECONDS}; {COOKIE_ATTRIBUTES}"


def forgotten_cookie() -> tuple[str, str]:
    """Return the header that removes the token from the browser."""
    return "Set-Cookie", f"{COOKIE}=; Max-Age=0; {COOKIE_ATTRIBUTES}"


def _bearer(header: str) -> str:
    scheme, _, token = header.strip(" \t").partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer":
        raise InvalidCredentials(
            "The header Authorization accepts only the scheme Bearer; send Bearer, a space and a token."
        )
    if not token or " " in token or "," in token:
        raise InvalidCredentials("The header Authorization must be Bearer, a space and one token.")
    return token


def _cookie(cookies: str) -> str | None:
    """Return the value of the session cookie; of several, the first."""
    for pair in cookies.replace(",", ";").split(";"):
        name, separator, value = pair.strip(" \t").partition("=")
        if separator and name == COOKIE:
            return value.strip('"') or None
    return None
