"""Which clients may share a response: all, all with an account, or one account (RFC 9111, section 3.5)."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, current_app, request

from .rights import OPEN, Right, Role, right_of

ANONYMOUS = "ANONYMOUS"  # the setting: the rights of clients without an account


def anonymous_may_read(setting: str) -> bool:
    """Whether clients without an account may read the catalog."""
    return setting != Role.NONE.word


def read_cache_control() -> str:
    """Return the ``Cache-Control`` of the current request's 200 to GET.

    Shared caches may keep a public response without asking again for `SHARED_MAX_AGE` seconds, by default not at all,
    because they would serve it after a write that changed it.
    """
    right = right_of(current_app.view_functions[request.endpoint or ""])
    if right.is_personal:
        return "private, no-store"
    if right == OPEN or anonymous_may_read(current_app.config[ANONYMOUS]):
        seconds = current_app.config["SHARED_MAX_AGE"]
        return f"public, max-age=0{f', s-maxage={seconds}' if seconds else ''}, must-revalidate"
    return "private, max-age=0, must-revalidate"


def write_cache_control() -> str:
    """Return the ``Cache-Control`` of the current request's response to a write, of a stream, or of a live read."""
    right = right_of(current_app.view_functions[request.endpoint or ""])
    return "private, no-store" if right.is_personal else "no-store"


def uncached_paths(app: Flask) -> frozenset[str]:
    """Return the first segments of all paths whose responses no cache keeps: personal and live ones, and health."""
    return frozenset(first_segment(path) for path, right in _rights(app) if _is_uncached(right))


def personal_paths(app: Flask) -> frozenset[str]:
    """Return the first segments of all paths whose responses are for one account."""
    return frozenset(first_segment(path) for path, right in _rights(app) if right.is_personal)


def words_of_paths(app: Flask) -> frozenset[str]:
    """Return all literal segments of the paths of an application, such as ``books``."""
    rules = (rule.rule for rule in app.url_map.iter_rules())
    return frozenset(segment for rule in rules for segment in rule.split("/") if not segment.startswith("<"))


def shared_paths(app: Flask) -> frozenset[str]:
    """Return the first segments of all paths whose responses may be shared."""
    return frozenset(first_segment(path) for path, right in _rights(app) if not _is_uncached(right))


def first_segment(path: str) -> str:
    """Return ``books`` for ``/books/1``, and for ``//books/1``."""
    return path.lstrip("/").partition("/")[0]


def _rights(app: Flask) -> Iterator[tuple[str, Right]]:
    """Yield the path of each rule with its right."""
    return ((rule.rule, right_of(app.view_functions[rule.endpoint])) for rule in app.url_map.iter_rules())


def _is_uncached(right: Right) -> bool:
    return right.is_personal or right.is_live or right.is_health
