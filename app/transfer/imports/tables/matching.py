"""Detecting the header row of a table, and the target of each column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.http.problems import unknown_name
from app.transfer.errors import Unreadable
from app.transfer.records import RESOURCES, RecordKind

from .columns import Cells, ColumnMapping, ColumnNote, count_reject_columns, field_of
from .headers import GENERIC_LAYOUTS, KEY_HEADERS, NAME_HEADERS, VAGUE_HEADERS, header_forms
from .layout import Layout, fold_header
from .layouts import COMMON_FIELDS, LAYOUTS, OWN_LAYOUTS

# Targets that combine the values of several columns. Other targets take the first column that has a value.
_COLLECTED = re.compile(r"isbn|subjects(\[,\])?|alternate_names|authors(\[\w+\])?|identifiers(\[[\w.-]+\])?")
_EXTRA_TARGETS = (  # that are not fields
    *("key", "author_key", "role", "further_authors", "further_roles", "given_name", "family_name"),
    *("title_with_series", "series_with_position", "position_in_series", "imprint"),
)
_BOOK_TARGETS = frozenset(  # that only a table of books has
    {"isbn", "published", "publisher", "page_count", "series_with_position", "subjects", "subjects[,]"}
)
_NAMING_TARGETS = frozenset({"title", "title_with_series", "name", "heading"})  # a record needs one of them


def match_columns(
    rows: Sequence[Cells], mapping: Mapping[str, str], layout: str | None, source: str | None
) -> ColumnMapping:
    """Return the columns of a table that begins with `rows`.

    The header is the first row with a column of titles (or names). Its columns are matched by `mapping` (header by
    target), by a known layout, or by their headers. Raises `Unreadable` if the mapping has an unknown field or column,
    or if no row is a header.
    """
    check_fields(mapping)
    for rows_above, header in enumerate(rows):
        if all(_find_column(name, header) is not None for name in mapping.values()):
            columns = _match_header(header, mapping, layout, source, rows_above)
            if columns:
                return columns
    header = rows[0] if rows else []
    for target, name in mapping.items():
        if _find_column(name, header) is None:
            detail = unknown_name(name, [known.strip() for known in header], "column")
            raise Unreadable(f"--map {target}={name}: {detail}")
    shown = ", ".join(name.strip()[:40] or "(no name)" for name in header[:30])
    raise Unreadable(
        f"No column has titles. One of the first lines must name the columns; the first line is: {shown}. If one of "
        "these is the title, map it: --map 'title=COLUMN'."
    )


def check_fields(mapping: Mapping[str, str]) -> None:
    """Raise `Unreadable` if a target of the mapping is not a field."""
    fields = dict.fromkeys(name for kind in RESOURCES for name in _writable_fields(kind))
    for target, name in mapping.items():
        if not _is_target(target, fields):
            turned = f" The field comes first: --map '{name}={target}'." if name in fields else ""
            raise Unreadable(f"--map {target}={name}: {unknown_name(target, [*fields, 'key'], 'field')}{turned}")


def _check_fields_of(kind: RecordKind, mapping: Mapping[str, str]) -> None:
    """Raise `Unreadable` if a target of the mapping is not a field of this kind."""
    fields = _writable_fields(kind)
    for target, name in mapping.items():
        if not _is_target(target, fields):
            detail = unknown_name(target, [*fields, "key"], "field")
            raise Unreadable(f"--map {target}={name}: The file has {kind}. {detail}")


def _is_target(target: str, fields: Mapping[str, None]) -> bool:
    return target.partition("[")[0] in fields or target in _EXTRA_TARGETS


def _writable_fields(kind: RecordKind) -> dict[str, None]:
    return dict.fromkeys(name for name, field in RESOURCES[kind].fields.items() if not field.read_only)


def _is_read_only(kind: RecordKind, target: str) -> bool:
    field = RESOURCES[kind].fields.get(target)
    return field is not None and field.read_only


def _find_column(name: str, header: Cells) -> int | None:
    """Return the index of a column by its exact header, or else by its folded header."""
    exact = (index for index, known in enumerate(header) if known.strip() == name.strip())
    folded = (index for index, known in enumerate(header) if fold_header(known) == fold_header(name))
    return next(exact, next(folded, None))


def _match_header(
    header: Cells, mapping: Mapping[str, str], layout_name: str | None, source: str | None, rows_above: int
) -> ColumnMapping | None:
    """Return the columns of a row, or None if it is not a header."""
    first = count_reject_columns(header)
    layout = _choose_layout(header[first:], mapping, layout_name)
    if layout is None:
        return None
    _check_fields_of(layout.kind, mapping)
    notes: list[ColumnNote] = []
    if rows_above:
        detail = f"the header is row {rows_above + 1}; the rows above it are ignored"
        notes.append(ColumnNote("header_row", detail))
    targets = _assign_targets(header, layout, mapping, source, notes)
    if not _NAMING_TARGETS & set(targets.values()):
        return None
    unused = [index for index in range(first, len(header)) if index not in targets]
    if layout in GENERIC_LAYOUTS.values() and not source:
        notes += [
            ColumnNote("id_column", f"to use {header[index].strip()} as the id of the rows, add --source NAME")
            for index in unused
            if fold_header(header[index]) in KEY_HEADERS
        ]
    return ColumnMapping(
        tuple(header),
        layout,
        source or layout.source or layout.name,
        tuple(targets.items()),
        tuple(header[index].strip() for index in unused),
        tuple(notes),
        rows_above,
    )


def _assign_targets(
    header: Cells, layout: Layout, mapping: Mapping[str, str], source: str | None, notes: list[ColumnNote]
) -> dict[int, str]:
    """Return the targets of the used columns, by index; preferred columns first."""
    targets = {index: target for target, name in mapping.items() if (index := _find_column(name, header)) is not None}
    first_header = {target: header[index] for index, target in targets.items()}
    candidates = sorted(_candidates(header, layout, source))
    for candidate in candidates:
        column, target = candidate.column, candidate.target
        if column in targets or target in mapping or _is_read_only(layout.kind, target):
            continue
        name, first = header[column].strip(), first_header.get(target, "").strip()
        if first and candidate.is_vague:
            notes.append(ColumnNote("ambiguous", f"{name} may also be {field_of(target)}; {first} is used"))
        elif first and fold_header(first) == fold_header(name) and not _COLLECTED.fullmatch(target):
            notes.append(ColumnNote("repeated", f"{name} occurs twice; the first is used"))
        else:
            targets[column] = target
            first_header.setdefault(target, name)
    if "authors" in first_header:
        targets = {index: target for index, target in targets.items() if target not in ("given_name", "family_name")}
    return targets


class _Candidate(NamedTuple):
    """A column and its possible target; the most precise candidates sort first."""

    is_vague: bool
    rank: int  # index of the header in the layout
    column: int
    target: str


def _candidates(header: Cells, layout: Layout, source: str | None) -> Iterator[_Candidate]:
    for column in range(count_reject_columns(header), len(header)):
        candidate = _candidate(column, header[column], layout, source)
        if candidate:
            yield candidate


def _candidate(column: int, name: str, layout: Layout, source: str | None) -> _Candidate | None:
    is_generic = layout in GENERIC_LAYOUTS.values()
    forms = header_forms(name) if is_generic else [fold_header(name)]
    for form in forms:
        if form in layout.columns:
            is_vague = is_generic and form in VAGUE_HEADERS
            return _Candidate(is_vague, list(layout.columns).index(form), column, layout.columns[form])
    if source and is_generic and forms[0] in KEY_HEADERS:
        return _Candidate(False, len(layout.columns), column, "key")
    return None


def _choose_layout(header: Cells, mapping: Mapping[str, str], name: str | None) -> Layout | None:
    """Return the layout by its name or by a header; None if the row is not a header."""
    if name:
        return next(layout for layout in LAYOUTS if layout.name == name)
    folded = {fold_header(column) for column in header}
    known = [layout for layout in LAYOUTS if layout.marks <= folded]
    if known:
        return max(known, key=lambda layout: len(layout.marks))
    required: dict[RecordKind, str] = {"books": "title", "authors": "name"}
    for kind in OWN_LAYOUTS:
        names = set(header)
        if required[kind] in header and names <= RESOURCES[kind].fields.keys() and names - COMMON_FIELDS:
            return OWN_LAYOUTS[kind]
    return _choose_generic_layout(header, mapping, folded)


def _choose_generic_layout(header: Cells, mapping: Mapping[str, str], folded: set[str]) -> Layout | None:
    book_targets, author_targets = (_targets(header, GENERIC_LAYOUTS[kind]) | mapping.keys() for kind in RESOURCES)
    titles = {name for name in header if _targets([name], GENERIC_LAYOUTS["books"]) == {"title"}}
    # "Name, Author, Year" is a list of books; "Name, Born" and "Author, Born" are lists of authors.
    has_titles = "title" in mapping or any(fold_header(name) not in NAME_HEADERS for name in titles)
    if has_titles or (titles and "authors" in book_targets):
        return GENERIC_LAYOUTS["books"]
    has_names = "name" in mapping or ("name" in author_targets and not book_targets & _BOOK_TARGETS)
    if has_names and (folded & NAME_HEADERS or len(author_targets) > 1):
        return GENERIC_LAYOUTS["authors"]
    return None


def _targets(header: Cells, layout: Layout) -> set[str]:
    return {
        candidate.target for index, name in enumerate(header) if (candidate := _candidate(index, name, layout, None))
    }
