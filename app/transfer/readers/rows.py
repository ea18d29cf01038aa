"""Rows: how the cells of one row of a table become the fields of a record."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from app.books import credit
from app.transfer.mending import names, texts, titles
from app.transfer.records import RESOURCES, Credit, Key, Row, Skipped
from app.values.cell import split
from app.vocabulary import Lines

from .columns import Cells, Columns
from .layouts import OURS, Layout, folded

Act = Callable[[Cells, dict[str, object]], None]


# Words in the place of a title that say that the row sums up the others.
_TOTALS = frozenset(
    {
        *("total", "totals", "sum", "count", "summe", "gesamt", "gesamtsumme", "anzahl", "insgesamt", "somme", "suma"),
        *("totale", "totaal", "итого"),
    }
)
_number = re.compile(r"[\W_]*[0-9][0-9.,' \u00a0]*(?:[^\W\d_]{0,3}|[\W_]+)")  # a count or a price


class RowMaker:
    """Makes rows of cells; a row that holds nothing, or sums up the others, is skipped."""

    def __init__(self, columns: Columns) -> None:
        self._layout, self._source = columns.layout, columns.source
        self._kind = columns.layout.kind
        fields = RESOURCES[self._kind].fields
        # Nobody but the export writes all fields, by their names.
        written = {name for name, field in fields.items() if not field.read_only}
        self._own = self._layout in OURS.values() and written <= {target for _, target in columns.targets}
        self._plain: list[tuple[int, str]] = []
        self._acts: list[Act] = []
        self._key: int | None = None
        self._skipped = columns.skipped
        last: list[Act] = []  # what looks at other columns
        at: dict[str, list[int]] = {}
        for index, target in columns.targets:
            at.setdefault(target, []).append(index)
        for target, places in at.items():
            base, _, inner = target.rstrip("]").partition("[")
            if target == "key":
                self._key = places[0]
            elif target == "name":
                self._acts.append(self._person(places[0], next(iter(at.get("sort_name", ())), None)))
            elif base == "authors":
                self._acts.append(self._authors(places, inner or None, at))
            elif target == "family_name":
                self._acts.append(_whole_name(places[0], next(iter(at.get("given_name", ())), None)))
            elif base == "identifiers":
                last.extend(_identifiers(place, inner, columns.layout) for place in places)
            elif target == "heading":
                self._acts.append(_headings(places[0], at["heading_type"][0], columns.layout))
            elif target == "isbn" or (base in fields and isinstance(fields[base].kind, Lines)):
                self._acts.append(_list(places, base, inner, columns.layout))
            elif target == "imprint":
                self._acts.append(_publisher(places[0]))
            elif target == "place_in_series":
                last.append(_place_in_series(places[0]))
            elif target in fields or target in ("title_with_series", "series_with_place"):
                self._plain.append((places[0], target))
                self._acts.extend(_fallback(place, target) for place in places[1:])
        self._acts += last

    def __call__(self, place: int, cells: Cells) -> Row | Skipped:
        """The row of cells, which are as many as the header has."""
        fields: dict[str, object] = {}
        for index, name in self._plain:
            cell = cells[index]
            if cell and not cell.isspace():
                fields[name] = cell
        for act in self._acts:
            act(cells, fields)
        key = None
        if self._key is not None:
            value = cells[self._key].strip()
            if value:
                key = Key(self._source, value)
        original = cells[self._skipped :] if self._skipped else cells
        if len(fields) <= 2 and key is None:
            reason = _nothing_in(fields, original)
            if reason:
                return Skipped(place, reason)
        return Row(place, self._kind, fields, original, key, self._layout.adds, own=self._own)

    # ---- people

    def _person(self, place: int, sort_place: int | None) -> Act:
        filed = self._layout.filed

        def act(cells: Cells, fields: dict[str, object]) -> None:
            name = cells[place].strip()
            if not name:
                return
            sort_name = cells[sort_place].strip() or None if sort_place is not None else None
            turned = filed if filed is not None else "," in name
            fields["person"] = Credit(name, None, None, turned, None, sort_name)

        return act

    def _authors(self, places: list[int], role: str | None, at: dict[str, list[int]]) -> Act:
        layout, source = self._layout, self._source
        if layout in OURS.values():
            return _own_authors(places)
        mark, filed = layout.people, layout.filed
        key, own_role = (next(iter(at.get(name, ())), None) for name in ("author_key", "role"))
        further = at.get("further_authors", []) if role is None else []
        further_roles = at.get("further_roles", [])
        one_each = key is not None or (bool(further) and layout.people != ",")

        def act(cells: Cells, fields: dict[str, object]) -> None:
            credits: list[Credit] = fields.setdefault("authors", [])  # type: ignore[assignment]
            for place in places:
                cell = cells[place]
                if not cell or cell.isspace():
                    continue
                found = (cell.strip(),) if one_each else _names_of(cell, mark)
                for name in found:
                    credits.append(
                        _credit(name, role or (cells[own_role].strip() if own_role is not None else None), filed)
                    )
            if len(credits) == 1 and key is not None and cells[key].strip():
                credits[0] = credits[0]._replace(key=Key(source, cells[key].strip()))
            for place in further:
                roles = re.split("[|;]", cells[further_roles[0]]) if further_roles else []
                for number, name in enumerate(_names_of(cells[place], mark)):
                    word = roles[number].strip() if number < len(roles) else ""
                    credits.append(_credit(name, word or None, filed))
            if not credits:
                del fields["authors"]

        return act


@lru_cache(maxsize=1 << 14)
def _names_of(cell: str, mark: str | None) -> tuple[str, ...]:
    return tuple(names.of_cell(cell, mark))


@lru_cache(maxsize=1 << 16)
def _credit(name: str, role: str | None, filed: bool | None) -> Credit:
    """A credit of a name, which may bear its role itself; where nobody says so, a comma says that it is filed."""
    name, word, credited_as = credit.read(name)
    if word is None:
        name, word = names.with_role(name)
    return Credit(name, word or role or None, None, filed if filed is not None else "," in name, credited_as)


def _own_authors(places: list[int]) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        cell = cells[places[0]]
        if cell and not cell.isspace():
            fields["authors"] = _own_credits(cell)

    return act


@lru_cache(maxsize=1 << 14)
def _own_credits(cell: str) -> tuple[Credit, ...]:
    found = []
    for item in split(cell):
        name, role, credited_as = credit.read(item)
        found.append(Credit(name, role, None, False, credited_as))
    return tuple(found)


def _nothing_in(fields: dict[str, object], cells: Cells) -> str | None:
    """Why a row that holds next to nothing is no record: it is empty, or it sums up the others; else None."""
    if not fields:
        return None if any(map(str.strip, cells)) else "empty row"
    title = fields.get("title")
    if isinstance(title, str) and folded(title) in _TOTALS:
        others = [cell.strip() for cell in cells if cell.strip() and cell != title]
        return "row of totals" if others and all(map(_number.fullmatch, others)) else None
    return None


# ---- columns that take more than their text


def _fallback(place: int, target: str) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        if target not in fields and cells[place].strip():
            fields[target] = cells[place]

    return act


def _publisher(place: int) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        publisher = titles.publisher(cells[place])
        if publisher:
            fields["publisher"] = publisher

    return act


def _list(places: list[int], target: str, mark: str, layout: Layout) -> Act:
    mark = layout.people or ";" if target == "alternate_names" else mark or ";"
    is_own = layout in OURS.values()

    def act(cells: Cells, fields: dict[str, object]) -> None:
        found: list[str] = fields.setdefault(target, [])  # type: ignore[assignment]
        for place in places:
            cell = cells[place]
            if not cell or cell.isspace():
                continue
            if target == "isbn":
                found.append(cell)
            elif is_own:
                found += split(cell)
            else:
                found += [item for part in _items(cell, mark) if (item := part.strip())]
        if not found:
            del fields[target]
        elif target != "isbn":
            fields[target] = list(dict.fromkeys(found))

    return act


def _items(cell: str, mark: str) -> list[str]:
    """The parts of a cell: lines, bars and semicolons say more than a comma, which also stands within one."""
    return texts.parts(cell, next((one for one in ("\n", "|", ";") if one in cell), mark))


def _whole_name(family: int, given: int | None) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        names = [cells[place].strip() for place in (family, given) if place is not None]
        name = ", ".join(filter(None, names))
        if name:
            fields["authors"] = [Credit(name, None, None, True)]

    return act


def _place_in_series(place: int) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        if cells[place].strip() and ("series" in fields or "series_with_place" in fields):
            fields["series_position"] = cells[place]

    return act


def _identifiers(place: int, scheme: str, layout: Layout) -> Act:
    is_own = layout in OURS.values()

    def act(cells: Cells, fields: dict[str, object]) -> None:
        cell = cells[place].strip()
        if not cell:
            return
        known: dict[str, list[str]] = fields.setdefault("identifiers", {})  # type: ignore[assignment]
        # Several addresses of one person stand in one cell with | between them (Project Gutenberg).
        found = {scheme: re.split(r"[|;]", cell)} if scheme else _by_scheme(split(cell) if is_own else _pairs(cell))
        isbns = [] if is_own else found.pop("isbn", [])
        if isbns:  # in other catalogs they are the book's own
            fields.setdefault("isbn", []).extend(isbns)  # type: ignore[attr-defined]
        for name, values in found.items():
            known.setdefault(name, []).extend(value.strip() for value in values)

    return act


def _pairs(cell: str) -> list[str]:
    """Each ``scheme:value`` of a cell: a mark before a scheme separates them."""
    return re.split(r"[,;|]\s*(?=[A-Za-z0-9_.-]+:)", cell)


def _by_scheme(pairs: list[str]) -> dict[str, list[str]]:
    """The values of identifiers by scheme."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        scheme, _, value = pair.strip().partition(":")
        found.setdefault(scheme, []).append(value)
    return found


def _headings(place: int, type_place: int, layout: Layout) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        target = layout.inner.get(cells[type_place].strip(), "subjects")
        heading = cells[place].strip()
        if heading and target == "subjects":
            fields["subjects"] = [heading]
        elif heading:
            scheme = target.partition("[")[2].rstrip("]")
            fields["identifiers"] = {scheme: [heading]}

    return act


def join_rows(first: Row, others: list[Row]) -> Row:
    """One record of several rows: the first one's fields, and what its lists gain from the others."""
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
