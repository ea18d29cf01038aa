"""Columns: what each one of a spreadsheet's header becomes, and how a row of cells becomes the fields of a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.books import credit
from app.problems import unknown_name
from app.transfer.mending import names
from app.transfer.preparing import RESOURCES
from app.transfer.records import Credit, Key, Kind, Row
from app.transfer.sources import Unreadable
from app.values.cell import split
from app.vocabulary import Lines

from .layouts import LAYOUTS, OURS, PLAIN, Layout, folded

REJECT = ("reject_line", "reject_field", "reject_value", "reject_reason")  # what `rejects` puts in front of a row

Cells = list[str]
Act = Callable[[Cells, dict[str, object]], None]

_publication = re.compile(r"\s*\((?:c|ca\.?)?\s*[0-9]{4}\).*", re.DOTALL)  # "Scholastic (2008), Edition: 1"
# Targets that take several columns; of the others the first column that has something counts.
_COLLECTED = re.compile(r"isbn|subjects|alternate_names|authors(\[\w+\])?|identifiers(\[[\w.-]+\])?")
_OTHER_TARGETS = ("key", "author_key", "sort_name", "role", "further_authors", "further_roles", "title_with_series")


@dataclass(frozen=True)
class Columns:
    """The columns of one file: `targets` has a pair of header and target for each that is used, in the file's order."""

    header: tuple[str, ...]
    layout: Layout
    source: str
    targets: tuple[tuple[int, str], ...]
    unused: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def skipped(self) -> int:
        """How many columns in front are those of `rejects`."""
        return len(REJECT) if self.header[: len(REJECT)] == REJECT else 0

    def described(self) -> list[str]:
        """The columns that are used, as "title=Book-Title", several of one target with | between them."""
        named: dict[str, list[str]] = {}
        for index, target in self.targets:
            named.setdefault(target, []).append(self.header[index].strip())
        return [f"{target}={'|'.join(headers)}" for target, headers in named.items()]


def columns_of(header: Cells, mapping: Mapping[str, str], layout: str | None, source: str | None) -> Columns:
    """The columns of a header: by `mapping` (target to header), by a known layout, or by what they are called.

    Raises `Unreadable` where the mapping names what is not there, or where no column holds titles (or names).
    """
    folded_header = [folded(name) for name in header]
    skipped = len(REJECT) if tuple(header[: len(REJECT)]) == REJECT else 0
    chosen = _layout_of(folded_header[skipped:], mapping, layout)
    if chosen is None:
        shown = ", ".join(name.strip()[:40] or "(no name)" for name in header[:30])
        raise Unreadable(
            f"No column holds titles. The first line must name the columns; it reads: {shown}. If one of them is the "
            "title under another name, say so: --map 'title=ITS NAME'."
        )
    targets, notes = _mapped(header, folded_header, mapping, chosen)
    first_of: dict[str, str] = {target: header[index] for index, target in targets.items()}
    for name, target in chosen.columns.items():
        for index in [index for index, one in enumerate(folded_header) if one == name]:
            if index in targets or index < skipped:
                continue
            if target in mapping or _is_read_only(chosen.kind, target):
                continue
            if target in first_of and not _COLLECTED.fullmatch(target) and chosen in PLAIN.values():
                notes.append(f"{header[index].strip()} could be {target}, too; {first_of[target].strip()} is taken")
                continue
            if name == folded(first_of.get(target, "")):
                notes.append(f"{header[index].strip()} stands twice; the first is taken")
                continue
            targets[index] = target
            first_of.setdefault(target, header[index])
    order = {name: place for place, name in enumerate(chosen.columns)}
    used = sorted(targets.items(), key=lambda item: (order.get(folded_header[item[0]], -1), item[0]))
    unused = tuple(name.strip() for index, name in enumerate(header) if index not in targets and index >= skipped)
    return Columns(tuple(header), chosen, source or chosen.source or chosen.name, tuple(used), unused, tuple(notes))


def _layout_of(header: list[str], mapping: Mapping[str, str], name: str | None) -> Layout | None:
    if name:
        return next(one for one in (*LAYOUTS, *OURS.values(), *PLAIN.values()) if one.name == name)
    there = set(header)
    known = [layout for layout in LAYOUTS if layout.marks <= there]
    if known:
        return max(known, key=lambda layout: len(layout.marks))
    for ours in OURS.values():
        if ours.marks <= there and there <= ours.columns.keys():
            return ours
    for kind, needed in (("books", "title"), ("authors", "name")):
        plain = PLAIN["books" if kind == "books" else "authors"]
        if needed in mapping or any(plain.columns.get(one) == needed for one in header):
            return plain
    return None


def _is_read_only(kind: Kind, target: str) -> bool:
    field = RESOURCES[kind].fields.get(target)
    return field is not None and field.read_only


def _mapped(
    header: Cells, folded_header: list[str], mapping: Mapping[str, str], layout: Layout
) -> tuple[dict[int, str], list[str]]:
    """The columns that the mapping names, by their index."""
    fields = [name for name, one in RESOURCES[layout.kind].fields.items() if not one.read_only]
    targets: dict[int, str] = {}
    for target, name in mapping.items():
        base = target.partition("[")[0]
        if base not in fields and target not in _OTHER_TARGETS:
            raise Unreadable(f"--map {target}={name}: {unknown_name(target, [*fields, 'key'], 'field')}")
        exact = [index for index, one in enumerate(header) if one.strip() == name.strip()]
        found = exact or [index for index, one in enumerate(folded_header) if one == folded(name)]
        if not found:
            raise Unreadable(f"--map {target}={name}: {unknown_name(name, [one.strip() for one in header], 'column')}")
        targets[found[0]] = target
    return targets, []


class RowMaker:
    """Makes rows of cells."""

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
            elif base == "identifiers":
                self._acts.extend(_identifiers(place, inner, columns.layout) for place in places)
            elif target == "heading":
                self._acts.append(_headings(places[0], at["heading_type"][0], columns.layout))
            elif target == "isbn" or (target in fields and isinstance(fields[target].kind, Lines)):
                self._acts.append(_list(places, target, columns.layout))
            elif target == "publisher" and self._layout.name == "librarything":
                self._acts.append(_publisher(places[0]))
            elif target in fields or target == "title_with_series":
                self._plain.append((places[0], target))
                self._acts.extend(_fallback(place, target) for place in places[1:])

    def __call__(self, place: int, cells: Cells) -> Row:
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
        return Row(place, self._kind, fields, cells, key, self._layout.adds, own=self._own)

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
        key, sort_name, own_role = (next(iter(at.get(name, ())), None) for name in ("author_key", "sort_name", "role"))
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
            if len(credits) == 1 and (key is not None or sort_name is not None):
                author_id = cells[key].strip() if key is not None else ""
                filed_as = cells[sort_name].strip() if sort_name is not None else ""
                credits[0] = credits[0]._replace(
                    key=Key(source, author_id) if author_id else None, sort_name=filed_as or None
                )
            for place in further:
                roles = cells[further_roles[0]].split("|") if further_roles else []
                for number, name in enumerate(_names_of(cells[place], mark)):
                    word = roles[number].strip() if number < len(roles) else ""
                    credits.append(_credit(name, word or None, filed))

        return act


@lru_cache(maxsize=1 << 14)
def _names_of(cell: str, mark: str | None) -> tuple[str, ...]:
    return tuple(names.of_cell(cell, mark))


@lru_cache(maxsize=1 << 16)
def _credit(name: str, role: str | None, filed: bool | None) -> Credit:
    """A credit of a name, which may bear its role itself; where nobody says so, a comma says that it is filed."""
    name, word = names.with_role(name)
    return Credit(name, word or role or None, None, filed if filed is not None else "," in name)


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


# ---- columns that take more than their text


def _fallback(place: int, target: str) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        if target not in fields and cells[place].strip():
            fields[target] = cells[place]

    return act


def _publisher(place: int) -> Act:
    def act(cells: Cells, fields: dict[str, object]) -> None:
        publisher = _publication.sub("", cells[place])
        if publisher.strip():
            fields["publisher"] = publisher

    return act


def _list(places: list[int], target: str, layout: Layout) -> Act:
    mark = layout.people if target == "alternate_names" else layout.subjects

    def act(cells: Cells, fields: dict[str, object]) -> None:
        found: list[str] = []
        for place in places:
            cell = cells[place]
            if not cell or cell.isspace():
                continue
            if target == "isbn":
                found.append(cell)
            elif mark == ";":
                found += split(cell)
            else:
                found += [item for part in cell.split(mark) if (item := part.strip())]
        if found:
            fields[target] = found if target == "isbn" else list(dict.fromkeys(found))

    return act


def _identifiers(place: int, scheme: str, layout: Layout) -> Act:
    mark = "," if layout.name == "calibre" else ";"

    def act(cells: Cells, fields: dict[str, object]) -> None:
        cell = cells[place].strip()
        if not cell:
            return
        known: dict[str, list[str]] = fields.setdefault("identifiers", {})  # type: ignore[assignment]
        # Several addresses of one person stand in one cell with | between them (Project Gutenberg).
        found = {scheme: cell.split("|")} if scheme else _by_scheme(cell, mark)
        for name, values in found.items():
            known.setdefault(name, []).extend(values)

    return act


def _by_scheme(cell: str, mark: str) -> dict[str, list[str]]:
    """The identifiers of a cell, each ``scheme:value``, by scheme."""
    found: dict[str, list[str]] = {}
    for item in split(cell) if mark == ";" else cell.split(mark):
        scheme, _, value = item.strip().partition(":")
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
