"""The options for reading a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; an option that is None is detected."""

    format: str | None = None  # the name of a format or of a table layout
    mapping: Mapping[str, str] = field(default_factory=dict)  # columns by field: {"title": "Book-Title"}
    encoding: str | None = None
    delimiter: str | None = None
    source: str | None = None  # the identifier scheme of the ids in the file
    restore: bool = False  # keep the ids and timestamps of an export
    max_decompressed: int | None = None  # bytes
