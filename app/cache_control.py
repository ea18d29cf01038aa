"""`Cache-Control` in a request: what the caller wants of caches (RFC 9111, section 5.2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_item = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')  # up to the next comma that is not within quotes


@lru_cache(maxsize=64)
def directives(sent: str) -> Mapping[str, str]:
    """The directives that a header names, in small letters, each with its argument ("" where it has none)."""
    found = {}
    for item in _item.findall(sent):
        name, _, argument = item.partition("=")
        found[name.strip().lower()] = argument.strip().strip('"')
    return found


def must_not_be_kept(sent: str) -> bool:
    """Whether the caller wants the answer in no cache, nor from one."""
    return bool(sent) and "no-store" in directives(sent)


def wants_new(sent: str) -> bool:
    """Whether the caller wants no answer that was kept."""
    if not sent:
        return False
    asked = directives(sent)
    return "no-cache" in asked or "no-store" in asked or not asked.get("max-age", "1").strip("0")
