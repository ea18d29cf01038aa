"""The pairs of name and value in a query string."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes

from flask import request

from app.http.problems import Fault, InvalidQuery

Pairs = list[tuple[str, str]]

LISTS = ("fields", "sort")  # comma-separated lists, which generated clients send as repeated parameters


def parse_pairs(query_string: bytes) -> Pairs:
    """Return the percent-decoded pairs of a query string.

    Repeated parameters of lists are joined into one pair. Raises `InvalidQuery` if they are not UTF-8.
    """
    pairs = []
    for part in query_string.split(b"&"):
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        if part:
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    try:
        return _joined([(name.decode(), value.decode()) for name, value in pairs])
    except UnicodeDecodeError:
        detail = "The query string is not UTF-8; percent-encode it as UTF-8."
        raise InvalidQuery.from_fault(Fault("query", "", "invalid_character", detail)) from None


def _joined(pairs: Pairs) -> Pairs:
    names = [name for name, _ in pairs]
    for repeated in (name for name in LISTS if names.count(name) > 1):
        values = ",".join(value for name, value in pairs if name == repeated)
        pairs = [*(pair for pair in pairs if pair[0] != repeated), (repeated, values)]
    return pairs


def request_pairs() -> Pairs:
    """Return the pairs of the current request, as `parse_pairs` does."""
    return parse_pairs(request.query_string)


def canonical(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the query string of these pairs, the same for any order."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe=',:/')}" for name, value in sorted(pairs))
