"""Rate limits: 429 for clients that send too many, and header fields that say how many are left.

The fields are those of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from app.http.access.address import client_address
from app.http.problems import TooManyRequests
from app.http.wsgi import Environ, Headers

from .raw_response import RawResponse, from_problem

if TYPE_CHECKING:  # the module takes a tenth of a second to load, and is not needed where limits are off
    from extensions.rate_limits.limiter import RateLimiter, Usage

READ_COST, WRITE_COST = 1, 5
METRICS_PATH = "/metrics"
SAFE_METHODS = ("GET", "HEAD")
CHARGE = "catalog.rate_limit"  # key of the environ: the `Charge` of a request


@dataclass
class Charge:
    """What a request has cost so far."""

    limiter: RateLimiter
    key: str  # of the client
    cost: int  # 0 if it was refused
    usage: Usage
    has_more: bool = False  # whether further work was charged; a view may run again in a retried transaction


class RateLimit:
    """Charges each request to its account or, without an account, to its address."""

    def __init__(self, limiter: RateLimiter | None) -> None:
        """Without a `limiter`, nothing is limited."""
        self._limiter = limiter

    def charge(self, environ: Environ, account_of: Callable[[Environ], int | None]) -> None:
        """Charge a request that no cache has served; a second call does nothing. Raises `TooManyRequests`."""
        cost = cost_of(environ)
        if self._limiter is None or cost == 0 or CHARGE in environ:
            return
        account_id = account_of(environ)
        key = f"address/{client_address(environ)}" if account_id is None else f"account/{account_id}"
        usage = self._limiter.hit(key, cost)
        charge = environ[CHARGE] = Charge(self._limiter, key, usage.cost, usage)
        _refuse(charge)

    def before(
        self, application: Callable[[Environ], RawResponse], account_of: Callable[[Environ], int | None]
    ) -> Callable[[Environ], RawResponse]:
        """Return an application that charges each request before it serves it."""

        def serve(environ: Environ) -> RawResponse:
            try:
                self.charge(environ, account_of)
            except TooManyRequests as problem:
                return from_problem(problem, environ)
            return application(environ)

        return serve

    def headers(self, environ: Environ, response: RawResponse) -> Headers:
        """Return the fields to add to a response.

        A response that a shared cache may keep gets none. A refusal already has them.
        """
        charge: Charge | None = environ.get(CHARGE)
        if charge is None or response.header("RateLimit") is not None:
            return []
        cache_control = response.header("Cache-Control") or ""
        return _fields(charge.usage) if "no-store" in cache_control or "private" in cache_control else []


def charge_more(cost: int) -> None:
    """Charge the current request for further work, before it is done.

    Raises `TooManyRequests`, and then the whole request costs nothing.
    """
    charge: Charge | None = request.environ.get(CHARGE)
    if charge is not None and cost > 0 and not charge.has_more:
        charge.has_more = True
        charge.usage = charge.limiter.hit(charge.key, cost, refund=charge.cost)
        charge.cost += charge.usage.cost
        _refuse(charge)


def cost_of(environ: Environ) -> int:
    """Return the cost of a request that no cache has served; 0 for health checks, metrics and preflights."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method == "OPTIONS" or path.startswith("/health/") or path == METRICS_PATH:
        return 0
    return READ_COST if method in SAFE_METHODS else WRITE_COST


def _refuse(charge: Charge) -> None:
    """Raise `TooManyRequests` if the limiter has refused the request."""
    usage = charge.usage
    if usage.is_allowed:
        return
    counts = f"This request counts as {charge.cost:,}"
    left = f"{usage.remaining:,} of {usage.limit:,} requests in {usage.window:,} s are left"
    seconds = f"{usage.seconds:,} second{'' if usage.seconds == 1 else 's'}"
    charge.cost = 0  # given back
    raise TooManyRequests(f"{counts}, but {left}. Try again in {seconds}.", usage.seconds, _fields(usage))


def _fields(usage: Usage) -> Headers:
    return [
        ("RateLimit-Policy", f'"default";q={usage.limit};w={usage.window}'),
        ("RateLimit", f'"default";r={usage.remaining};t={usage.seconds}'),
    ]
