"""Several values in one cell of our own tables: ``;`` between them, a backslash before a ``;`` or backslash in one."""

from __future__ import annotations

import re
from collections.abc import Sequence

_part = re.compile(r"(?:[^;\\]|\\.|\\$)+", re.DOTALL)
_escaped = re.compile(r"\\([;\\])")
_special = re.compile(r"[;\\]")


def split(cell: str) -> list[str]:
    """The values of a cell, trimmed; empty ones are none."""
    if "\\" not in cell:
        return [item for part in cell.split(";") if (item := part.strip())]
    parts = (_escaped.sub(r"\1", part).strip() for part in _part.findall(cell))
    return [part for part in parts if part]


def join(values: Sequence[str]) -> str:
    """The cell that `split` reads as these values."""
    joined = ";".join(values)
    if "\\" not in joined and joined.count(";") < max(1, len(values)):  # as nearly always
        return joined
    return ";".join([_special.sub(r"\\\g<0>", value) for value in values])
