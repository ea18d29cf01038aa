"""The columns of one file, and the fields that they fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from .layout import Layout

Cells: TypeAlias = list[str]  # of one row

REJECT_COLUMNS = ("reject_line", "reject_field", "reject_value", "reject_reason")  # before the cells of a rejected row

# The fields filled by targets that are not fields themselves.
_FIELDS = {
    "title_with_series": "title",
    "series_with_position": "series",
    "position_in_series": "series_position",
    "imprint": "publisher",
    "subjects[,]": "subjects",
}


class ColumnNote(NamedTuple):
    """A remark on the columns for the user; `detail` is a clause."""

    code: str
    detail: str


@dataclass(frozen=True)
class ColumnMapping:
    """The header of one file, and the target of each column."""

    header: tuple[str, ...]
    layout: Layout
    source: str
    targets: tuple[
        tuple[int, str], ...
    ]  # index and target of the used columns; for one target, the preferred column first
    unused: tuple[str, ...]
    notes: tuple[ColumnNote, ...] = ()
    rows_above: int = 0  # rows before the header

    @property
    def reject_columns(self) -> int:
        """The number of leading columns that an earlier rejects file added."""
        return count_reject_columns(self.header)

    def describe_targets(self) -> list[str]:
        """Return the used columns of each field, such as "published=Date|Year"."""
        headers: dict[str, list[str]] = {}
        for index, target in self.targets:
            headers.setdefault(field_of(target), []).append(self.header[index].strip())
        return [f"{field}={'|'.join(names)}" for field, names in headers.items()]


def field_of(target: str) -> str:
    """Return the field that a target fills."""
    return _FIELDS.get(target, target)


def count_reject_columns(header: Sequence[str]) -> int:
    """Return the number of `REJECT_COLUMNS` in a header: all or none."""
    return len(REJECT_COLUMNS) if tuple(header[: len(REJECT_COLUMNS)]) == REJECT_COLUMNS else 0
