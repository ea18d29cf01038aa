"""Content negotiation by `Accept` (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from app.http.body import JSON
from app.http.problems import Fault, NotAcceptable


def require_acceptable(*offered: str) -> None:
    """Raise `NotAcceptable` unless the request accepts one of the media types `offered` (default: JSON)."""
    offered = offered or (JSON,)
    if not any(preferred(_accept(), media_type) for media_type in offered):
        raise _not_acceptable(offered)


def negotiate(default: str, *others: str) -> str:
    """Return the media type that the current request prefers, as `preferred` does. Raises `NotAcceptable`."""
    media_type = preferred(_accept(), default, *others)
    if media_type is None:
        raise _not_acceptable((default, *others))
    return media_type


@lru_cache(maxsize=1024)
def preferred(accept: str, default: str, *others: str) -> str | None:
    """Return the media type that an ``Accept`` header prefers, None if there is none.

    An empty header accepts anything. One of the `others` must be named: `*/*` and `text/*` select the default. Among
    equals, a named type is preferred, then the default.
    """
    ranges = _ranges(accept)
    best = max(
        (default, *(media_type for media_type in others if media_type in ranges)),
        key=lambda media_type: (_quality(ranges, media_type), media_type in ranges),
    )
    return best if _quality(ranges, best) > 0 else None


def _accept() -> str:
    return str(request.environ.get("HTTP_ACCEPT", ""))


def _not_acceptable(offered: Sequence[str]) -> NotAcceptable:
    detail = f"The header Accept excludes every available type; accept {' or '.join(offered)}."
    return NotAcceptable.from_fault(Fault("header", "Accept", "not_allowed", detail))


def _ranges(accept: str) -> dict[str, float]:
    """Return the media ranges of a header with their qualities.

    Parameters such as a charset are ignored, because UTF-8 is the only one there is.
    """
    qualities: dict[str, float] = {}
    for media_range, quality in parse_accept_header(accept, MIMEAccept):
        name = media_range.partition(";")[0].strip().lower()
        qualities[name] = max(quality, qualities.get(name, 0.0))
    return qualities if accept.strip() else {"*/*": 1.0}


def _quality(ranges: Mapping[str, float], media_type: str) -> float:
    """Return the quality of a media type, by the most specific range."""
    main = media_type.partition("/")[0]
    return next((ranges[name] for name in (media_type, f"{main}/*", "*/*") if name in ranges), 0.0)
