"""Raw records from the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.core.fields import Lines
from app.transfer.records import RESOURCES, RawRecord, Skipped, SourceKey

from .cells import (
    CellReader,
    RawFields,
    read_fallback,
    read_full_name,
    read_heading,
    read_identifiers,
    read_imprint,
    read_isbns,
    read_list,
    read_position_in_series,
)
from .columns import Cells, ColumnMapping
from .contributors import read_contributor_cells, read_own_contributors, read_person
from .layout import fold_header
from .layouts import OWN_LAYOUTS

# Words in the title column of a row of totals.
_TOTALS = frozenset(
    {
        *("total", "totals", "sum", "count", "summe", "gesamt", "gesamtsumme", "anzahl", "insgesamt", "somme", "suma"),
        *("totale", "totaal", "итого"),
    }
)
_number = re.compile(r"[\W_]*[0-9][0-9.,' \u00a0]*(?:[^\W\d_]{0,3}|[\W_]+)")  # a count or a price


class RowReader:
    """Makes a raw record of each row, and skips empty rows and totals."""

    def __init__(self, columns: ColumnMapping) -> None:
        self._columns = columns
        self._layout, self._source = columns.layout, columns.source
        self._kind = columns.layout.kind
        self._reject_columns = columns.reject_columns
        self._fields = RESOURCES[self._kind].fields
        # Only our export has columns named after all writable fields.
        writable = {name for name, field in self._fields.items() if not field.read_only}
        self._is_own = self._layout in OWN_LAYOUTS.values()
        self._own_export = self._is_own and writable <= {target for _, target in columns.targets}
        by_target: dict[str, list[int]] = {}
        for column, target in columns.targets:
            by_target.setdefault(target, []).append(column)
        self._key = next(iter(by_target.get("key", ())), None)
        self._plain = [(indexes[0], target) for target, indexes in by_target.items() if self._is_plain(target)]
        readers: list[CellReader] = []
        last: list[CellReader] = []  # these depend on the fields set by the others
        for target, indexes in by_target.items():
            is_last = target == "position_in_series" or target.startswith("identifiers")
            (last if is_last else readers).extend(self._readers(target, indexes, by_target))
        self._readers_of_row = [*readers, *last]

    def read(self, number: int, cells: Cells) -> RawRecord | Skipped:
        """Return the record of a row, which must have as many cells as the header."""
        fields: RawFields = {}
        for column, name in self._plain:
            cell = cells[column]
            if cell and not cell.isspace():
                fields[name] = cell
        for read in self._readers_of_row:
            read(cells, fields)
        key = None
        if self._key is not None:
            value = cells[self._key].strip()
            if value:
                key = SourceKey(self._source, value)
        original = cells[self._reject_columns :] if self._reject_columns else cells
        if len(fields) <= 2 and key is None:
            reason = _skip_reason(fields, original)
            if reason:
                return Skipped(number, reason)
        return RawRecord(number, self._kind, fields, original, key, self._layout.adds, own_export=self._own_export)

    def _is_list(self, target: str) -> bool:
        base = target.partition("[")[0]
        return base in self._fields and isinstance(self._fields[base].type, Lines)

    def _is_plain(self, target: str) -> bool:
        """Return whether the text of the cell is the raw value of the target."""
        if target in ("title_with_series", "series_with_position"):
            return True
        is_special = target in ("key", "name", "authors", "isbn", "identifiers") or self._is_list(target)
        return target in self._fields and not is_special

    def _readers(self, target: str, columns: list[int], by_target: dict[str, list[int]]) -> Iterator[CellReader]:
        """Yield the cell readers of a target; none for targets read together with others."""
        base, _, inner = target.rstrip("]").partition("[")
        layout, first = self._layout, columns[0]
        if self._is_plain(target):
            yield from (read_fallback(column, target) for column in columns[1:])
        elif target == "name":
            yield read_person(first, next(iter(by_target.get("sort_name", ())), None), layout.inverted)
        elif base == "authors" and self._is_own:
            yield read_own_contributors(first)
        elif base == "authors":
            yield read_contributor_cells(columns, inner or None, by_target, self._columns)
        elif target == "family_name":
            yield read_full_name(first, next(iter(by_target.get("given_name", ())), None))
        elif base == "identifiers":
            yield from (read_identifiers(column, inner, layout) for column in columns)
        elif target == "heading":
            yield read_heading(first, by_target["heading_type"][0], layout)
        elif target == "isbn":
            yield read_isbns(columns)
        elif self._is_list(target):
            yield read_list(columns, base, inner or ";", layout)
        elif target == "imprint":
            yield read_imprint(first)
        elif target == "position_in_series":
            yield read_position_in_series(first)


def _skip_reason(fields: RawFields, cells: Cells) -> str | None:
    """Return why a row is not a record; None if it is one."""
    if not fields:
        return None if any(map(str.strip, cells)) else "empty row"
    title = fields.get("title")
    if not isinstance(title, str):
        return None
    # The numbers first: they are few and short, and a title is folded letter by letter.
    others = [cell.strip() for cell in cells if cell.strip() and cell != title]
    has_numbers = others and all(map(_number.fullmatch, others))
    return "row of totals" if has_numbers and fold_header(title) in _TOTALS else None


def merge_rows(first: RawRecord, others: Sequence[RawRecord]) -> RawRecord:
    """Merge consecutive rows into one record.

    It has the fields of the first row; the lists of the other rows are appended to its lists.
    """
    if not others:
        return first
    for row in others:
        for name, value in row.fields.items():
            known = first.fields.get(name)
            if known is None:
                first.fields[name] = value
            elif isinstance(known, list) and isinstance(value, list):
                known.extend(value)
            elif isinstance(known, dict) and isinstance(value, dict):
                for scheme, ids in value.items():
                    known.setdefault(scheme, []).extend(ids)
    first.original = [first.original, *(row.original for row in others)]
    first.rows = 1 + len(others)
    return first
