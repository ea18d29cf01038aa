"""Cells of CSV or TSV with several values, separated by ``;`` and escaped by backslashes."""

from __future__ import annotations

import re
from collections.abc import Sequence

_part = re.compile(r"(?:[^;\\]|\\.|\\$)+", re.DOTALL)
_escaped = re.compile(r"\\([;\\])")
_special = re.compile(r"[;\\]")


def split(cell: str) -> list[str]:
    """Return the values of a cell, trimmed, without empty values."""
    if "\\" not in cell:
        return [item for part in cell.split(";") if (item := part.strip())]
    parts = (_escaped.sub(r"\1", part).strip() for part in _part.findall(cell))
    return [part for part in parts if part]


def join(values: Sequence[str]) -> str:
    """Return the cell of these values, for `split`."""
    joined = ";".join(values)
    if "\\" not in joined and joined.count(";") < max(1, len(values)):  # nothing to escape, the usual case
        return joined
    return ";".join([_special.sub(r"\\\g<0>", value) for value in values])
