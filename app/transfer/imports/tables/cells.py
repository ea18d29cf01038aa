"""Cell readers for columns whose values must be parsed or combined.

Each function returns a `CellReader`, which parses cells of a row and sets raw fields of the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from app.transfer.imports.cleaning import texts, titles
from app.transfer.records import RawContributor
from app.values.cell import split

from .columns import Cells
from .layout import Layout
from .layouts import OWN_LAYOUTS

RawFields: TypeAlias = dict[str, Any]
CellReader: TypeAlias = Callable[[Cells, RawFields], None]


def read_fallback(column: int, target: str) -> CellReader:
    """Read a column only if the preferred column of its target is empty."""

    def read(cells: Cells, fields: RawFields) -> None:
        if target not in fields and cells[column].strip():
            fields[target] = cells[column]

    return read


def read_imprint(column: int) -> CellReader:
    """Read the publisher from an imprint."""

    def read(cells: Cells, fields: RawFields) -> None:
        publisher = titles.parse_publisher(cells[column])
        if publisher:
            fields["publisher"] = publisher

    return read


def read_isbns(columns: list[int]) -> CellReader:
    """Read the cells with ISBNs; each may hold several."""

    def read(cells: Cells, fields: RawFields) -> None:
        values = [cell for column in columns if (cell := cells[column]) and not cell.isspace()]
        if values:
            fields.setdefault("isbn", []).extend(values)

    return read


def read_list(columns: list[int], target: str, separator: str, layout: Layout) -> CellReader:
    """Read a list of strings from one or several columns."""
    is_own = layout in OWN_LAYOUTS.values()
    if target == "alternate_names":
        separator = layout.people or ";"

    def read(cells: Cells, fields: RawFields) -> None:
        values: list[str] = fields.setdefault(target, [])
        for column in columns:
            cell = cells[column]
            if not cell or cell.isspace():
                continue
            if is_own:
                values += split(cell)
            else:
                values += [item for part in _split_list(cell, separator) if (item := part.strip())]
        if values:
            fields[target] = list(dict.fromkeys(values))
        else:
            del fields[target]

    return read


def _split_list(cell: str, separator: str) -> list[str]:
    """Split a cell at line breaks, bars or semicolons, or at `separator` if it has none of them.

    `separator` is usually a comma, which is tried last because an item may contain it.
    """
    return texts.split_cell(cell, next((clear for clear in ("\n", "|", ";") if clear in cell), separator))


def read_full_name(family: int, given: int | None) -> CellReader:
    """Read an author's name from two columns, family name and given name."""
    columns = [column for column in (family, given) if column is not None]

    def read(cells: Cells, fields: RawFields) -> None:
        name = ", ".join(part for column in columns if (part := cells[column].strip()))
        if name:
            fields["authors"] = [RawContributor(name, is_inverted=True)]

    return read


def read_position_in_series(column: int) -> CellReader:
    """Read a position in a series if the row has a series.

    Some programs write a position even if there is no series.
    """

    def read(cells: Cells, fields: RawFields) -> None:
        if cells[column].strip() and ("series" in fields or "series_with_position" in fields):
            fields["series_position"] = cells[column]

    return read


def read_identifiers(column: int, scheme: str, layout: Layout) -> CellReader:
    """Read identifiers of one scheme; if `scheme` is empty, pairs ``scheme:value``."""
    is_own = layout in OWN_LAYOUTS.values()

    def read(cells: Cells, fields: RawFields) -> None:
        cell = cells[column].strip()
        if not cell:
            return
        identifiers: dict[str, list[str]] = fields.setdefault("identifiers", {})
        if scheme:
            # Project Gutenberg writes several URLs of one person in a cell, separated by bars.
            by_scheme = {scheme: re.split(r"[|;]", cell)}
        else:
            by_scheme = _group_by_scheme(split(cell) if is_own else _split_pairs(cell))
        isbns = [] if is_own else by_scheme.pop("isbn", [])
        if isbns:  # other catalogs list the ISBN of the book among its identifiers
            fields.setdefault("isbn", []).extend(isbns)
        for name, values in by_scheme.items():
            identifiers.setdefault(name, []).extend(value.strip() for value in values)

    return read


def _split_pairs(cell: str) -> list[str]:
    """Split a cell of ``scheme:value`` pairs at the separators before a scheme."""
    return re.split(r"[,;|]\s*(?=[A-Za-z0-9_.-]+:)", cell)


def _group_by_scheme(pairs: Iterable[str]) -> dict[str, list[str]]:
    by_scheme: dict[str, list[str]] = {}
    for pair in pairs:
        scheme, _, value = pair.strip().partition(":")
        by_scheme.setdefault(scheme, []).append(value)
    return by_scheme


def read_heading(column: int, type_column: int, layout: Layout) -> CellReader:
    """Read a subject heading or a class number; the cell in `type_column` says which."""

    def read(cells: Cells, fields: RawFields) -> None:
        target = layout.heading_targets.get(cells[type_column].strip(), "subjects")
        heading = cells[column].strip()
        if heading and target == "subjects":
            fields["subjects"] = [heading]
        elif heading:
            scheme = target.partition("[")[2].rstrip("]")
            fields["identifiers"] = {scheme: [heading]}

    return read
