"""Several values in one cell of our own CSV: ``;`` between them, and what a contributor's cell says.

A ``;`` or backslash within a value has a backslash before it. A contributor is ``Name``, ``Name [role]`` or
``Name [role as Credited Name]``; an identifier is ``scheme:value``.
"""

from __future__ import annotations

import re

from app.books.models import ROLES

_part = re.compile(r"(?:[^;\\]|\\.|\\$)+", re.DOTALL)
_escaped = re.compile(r"\\([;\\])")
_special = re.compile(r"[;\\]")
_with_role = re.compile(rf"(?P<name>.*\S)\s*\[(?P<role>{'|'.join(ROLES)})(?: as (?P<credited_as>.+))?\]", re.DOTALL)


def split(cell: str) -> list[str]:
    """The values of a cell, trimmed; empty ones are none."""
    if "\\" not in cell:
        return [item for part in cell.split(";") if (item := part.strip())]
    parts = (_escaped.sub(r"\1", part).strip() for part in _part.findall(cell))
    return [part for part in parts if part]


def join(values: list[str]) -> str:
    """The cell that `split` reads as these values."""
    return ";".join(_special.sub(r"\\\g<0>", value) for value in values)


def contributor(text: str) -> tuple[str, str | None, str | None]:
    """The name, role and credited name of one contributor; None for what is not said."""
    match = _with_role.fullmatch(text) if text.endswith("]") else None
    return (match["name"], match["role"], match["credited_as"]) if match else (text, None, None)


def identifiers(cell: str, mark: str = ";") -> dict[str, list[str]]:
    """The identifiers of a cell by scheme."""
    found: dict[str, list[str]] = {}
    for item in split(cell) if mark == ";" else cell.split(mark):
        scheme, _, value = item.strip().partition(":")
        found.setdefault(scheme, []).append(value)
    return found
