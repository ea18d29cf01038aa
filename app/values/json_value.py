"""Parsed JSON values, and the names of their types and members."""

from __future__ import annotations

import json
from typing import Any

Json = Any  # None, bool, int, float, str, a list of these, or a dict of these by str

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def compact(value: Json) -> str:
    """Return a value as JSON without spaces, in which only the characters that JSON requires are escaped."""
    return _encoder.encode(value)


def json_type(value: Json) -> str:
    """Return the JSON type of a parsed value, with its article, for error messages."""
    names = {type(None): "null", bool: "a boolean", str: "a string", list: "an array", dict: "an object"}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "an integer" if isinstance(value, int) else "a number with a fraction or exponent"
    return names[type(value)]


def escape(token: str) -> str:
    """Return one token of a JSON Pointer (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1")
