"""`Cache-Control` of a request (RFC 9111, section 5.2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_item = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')  # up to the next comma outside quotes


@lru_cache(maxsize=64)
def directives(header: str) -> Mapping[str, str]:
    """Return the directives of a header, names in lower case, with their arguments."""
    arguments = {}
    for item in _item.findall(header):
        name, _, argument = item.partition("=")
        arguments[name.strip().lower()] = argument.strip().strip('"')
    return arguments


def forbids_storing(header: str) -> bool:
    """Whether the response must neither be stored in a cache nor come from one."""
    return bool(header) and "no-store" in directives(header)


def forbids_hits(header: str) -> bool:
    """Whether the response must not come from a cache."""
    if not header:
        return False
    arguments = directives(header)
    return "no-cache" in arguments or "no-store" in arguments or not arguments.get("max-age", "1").strip("0")
