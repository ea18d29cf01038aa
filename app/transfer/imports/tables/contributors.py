"""Cell readers for contributors."""

from __future__ import annotations

import re
from functools import lru_cache

from app.books.contributors.text import parse_contributor
from app.transfer.imports.cleaning import names
from app.transfer.records import RawContributor, SourceKey
from app.values.cell import split

from .cells import CellReader, RawFields
from .columns import Cells, ColumnMapping


def read_person(column: int, sort_column: int | None, inverted: bool | None) -> CellReader:
    """Read the name of the author that the row describes."""

    def read(cells: Cells, fields: RawFields) -> None:
        name = cells[column].strip()
        if not name:
            return
        sort_name = cells[sort_column].strip() or None if sort_column is not None else None
        is_inverted = inverted if inverted is not None else "," in name
        fields["person"] = RawContributor(name, is_inverted=is_inverted, sort_name=sort_name)

    return read


def read_own_contributors(column: int) -> CellReader:
    """Read contributors from a cell of our own export."""

    def read(cells: Cells, fields: RawFields) -> None:
        cell = cells[column]
        if cell and not cell.isspace():
            fields["authors"] = _own_contributors(cell)

    return read


def read_contributor_cells(
    columns: list[int], role: str | None, by_target: dict[str, list[int]], mapping: ColumnMapping
) -> CellReader:
    """Read contributors in a role (None means author) from one or several columns.

    `by_target` has the columns of the other targets: roles, further authors, and the id of the author in the source.
    """
    source, separator, inverted = mapping.source, mapping.layout.people, mapping.layout.inverted
    key_column, role_column = (next(iter(by_target.get(name, ())), None) for name in ("author_key", "role"))
    further = by_target.get("further_authors", []) if role is None else []
    further_roles = by_target.get("further_roles", [])
    single = key_column is not None or (bool(further) and separator != ",")  # one name per cell

    def read(cells: Cells, fields: RawFields) -> None:
        contributors: list[RawContributor] = fields.setdefault("authors", [])
        for column in columns:
            cell = cells[column]
            if not cell or cell.isspace():
                continue
            own_role = role or (cells[role_column].strip() if role_column is not None else None)
            for name in (cell.strip(),) if single else _split_names(cell, separator):
                contributors.append(_contributor(name, own_role, inverted))
        if len(contributors) == 1 and key_column is not None and cells[key_column].strip():
            contributors[0] = contributors[0]._replace(key=SourceKey(source, cells[key_column].strip()))
        for column in further:
            roles = re.split("[|;]", cells[further_roles[0]]) if further_roles else []
            for index, name in enumerate(_split_names(cells[column], separator)):
                word = roles[index].strip() if index < len(roles) else ""
                contributors.append(_contributor(name, word or None, inverted))
        if not contributors:
            del fields["authors"]

    return read


@lru_cache(maxsize=1 << 14)
def _split_names(cell: str, separator: str | None) -> tuple[str, ...]:
    return tuple(names.split_names(cell, separator))


@lru_cache(maxsize=1 << 16)
def _contributor(name: str, role: str | None, inverted: bool | None) -> RawContributor:
    """Return a contributor for a name, which may include its role."""
    name, word, credited_as = parse_contributor(name)
    if word is None:
        name, word = names.split_role(name)
    is_inverted = inverted if inverted is not None else "," in name
    return RawContributor(name, word or role or None, is_inverted=is_inverted, credited_as=credited_as)


@lru_cache(maxsize=1 << 14)
def _own_contributors(cell: str) -> tuple[RawContributor, ...]:
    contributors = []
    for item in split(cell):
        name, role, credited_as = parse_contributor(item)
        contributors.append(RawContributor(name, role, credited_as=credited_as))
    return tuple(contributors)
