"""Columns: which one of a table's first rows is the header, and what each of its columns becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.problems import unknown_name
from app.transfer.records import RESOURCES, Kind
from app.transfer.sources import Unreadable

from .headers import KEYS, NAMES, PLAIN, VAGUE, forms_of
from .layouts import COMMON, LAYOUTS, OURS, Layout, folded

REJECT = ("reject_line", "reject_field", "reject_value", "reject_reason")  # what `rejects` puts in front of a row

Cells = list[str]

# Targets that take several columns; of the others the first column that has something counts.
_COLLECTED = re.compile(r"isbn|subjects(\[,\])?|alternate_names|authors(\[\w+\])?|identifiers(\[[\w.-]+\])?")
_TARGETS = (
    *("key", "author_key", "role", "further_authors", "further_roles", "given_name", "family_name"),
    *("title_with_series", "series_with_place", "place_in_series", "imprint"),
)
_OF_BOOKS_ALONE = frozenset(
    {"isbn", "published", "publisher", "page_count", "series_with_place", "subjects", "subjects[,]"}
)
_NAMING = frozenset({"title", "title_with_series", "name", "heading"})  # one of them makes a record


@dataclass(frozen=True)
class Columns:
    """The columns of one file: `targets` has a pair of index and target for each that is used, the preferred before
    others of the same target. `passed` rows stand above the header.
    """

    header: tuple[str, ...]
    layout: Layout
    source: str
    targets: tuple[tuple[int, str], ...]
    unused: tuple[str, ...]
    notes: tuple[str, ...] = ()
    passed: int = 0

    @property
    def skipped(self) -> int:
        """How many columns in front are those of `rejects`."""
        return _of_rejects(self.header)

    def described(self) -> list[str]:
        """The columns that are used, as "title=Book-Title", several of one field with | between them."""
        named: dict[str, list[str]] = {}
        for index, target in self.targets:
            named.setdefault(_field_of(target), []).append(self.header[index].strip())
        return [f"{target}={'|'.join(headers)}" for target, headers in named.items()]


_FIELDS = {
    "title_with_series": "title",
    "series_with_place": "series",
    "place_in_series": "series_position",
    "imprint": "publisher",
    "subjects[,]": "subjects",
}


def _field_of(target: str) -> str:
    """The field that a target fills, as people know it."""
    return _FIELDS.get(target, target)


def _of_rejects(header: Sequence[str]) -> int:
    return len(REJECT) if tuple(header[: len(REJECT)]) == REJECT else 0


def columns_of(rows: Sequence[Cells], mapping: Mapping[str, str], layout: str | None, source: str | None) -> Columns:
    """The columns of a table that begins with `rows`: by `mapping` (target to header), by a known layout, or by what
    they are called. The header is the first row that names titles (or names).

    Raises `Unreadable` where the mapping names what is not there, or where no column holds titles (or names).
    """
    _judge(mapping)
    for passed, header in enumerate(rows):
        if all(_index_of(name, header) is not None for name in mapping.values()):
            found = _columns(header, mapping, layout, source, passed)
            if found:
                return found
    header = rows[0] if rows else []
    for target, name in mapping.items():
        if _index_of(name, header) is None:
            raise Unreadable(f"--map {target}={name}: {unknown_name(name, [one.strip() for one in header], 'column')}")
    shown = ", ".join(name.strip()[:40] or "(no name)" for name in header[:30])
    raise Unreadable(
        f"No column holds titles. One of the first lines must name the columns; the first reads: {shown}. If one of "
        "them is the title under another name, say so: --map 'title=ITS NAME'."
    )


def _judge(mapping: Mapping[str, str]) -> None:
    """Whether what columns are mapped to is a field of any kind of record."""
    fields = dict.fromkeys(name for kind in RESOURCES for name in _writable(kind))
    for target, name in mapping.items():
        if target.partition("[")[0] not in fields and target not in _TARGETS:
            turned = f" A field stands first: --map '{name}={target}'." if name in fields else ""
            raise Unreadable(f"--map {target}={name}: {unknown_name(target, [*fields, 'key'], 'field')}{turned}")


def _writable(kind: Kind) -> list[str]:
    return [name for name, field in RESOURCES[kind].fields.items() if not field.read_only]


def _index_of(name: str, header: Cells) -> int | None:
    """The index of a column that a person names."""
    exact = (index for index, one in enumerate(header) if one.strip() == name.strip())
    alike = (index for index, one in enumerate(header) if folded(one) == folded(name))
    return next(exact, next(alike, None))


def _columns(
    header: Cells, mapping: Mapping[str, str], layout_name: str | None, source: str | None, passed: int
) -> Columns | None:
    """The columns of a row, if it is a header."""
    skipped = _of_rejects(header)
    layout = _layout_of(header[skipped:], mapping, layout_name)
    if layout is None:
        return None
    for target, name in mapping.items():
        if target.partition("[")[0] not in _writable(layout.kind) and target not in _TARGETS:
            problem = unknown_name(target, [*_writable(layout.kind), "key"], "field")
            raise Unreadable(f"--map {target}={name}: These are {layout.kind}. {problem}")
    notes = [f"the header is row {passed + 1}; what stands above it is left out"] if passed else []
    targets = {index: target for target, name in mapping.items() if (index := _index_of(name, header)) is not None}
    first_of = {target: header[index] for index, target in targets.items()}
    for place in sorted(
        place
        for index, name in enumerate(header)
        if index >= skipped and index not in targets and (place := _place_of(index, name, layout, source))
    ):
        name, first = header[place.column].strip(), first_of.get(place.target, "").strip()
        if place.target in mapping or _is_read_only(layout.kind, place.target):
            continue
        if first and place.is_vague:
            notes.append(f"{name} could be {_field_of(place.target)}, too; {first} is taken")
        elif first and folded(first) == folded(name) and not _COLLECTED.fullmatch(place.target):
            notes.append(f"{name} stands twice; the first is taken")
        else:
            targets[place.column] = place.target
            first_of.setdefault(place.target, name)
    if "authors" in first_of:
        targets = {index: target for index, target in targets.items() if target not in ("given_name", "family_name")}
    if not _NAMING & set(targets.values()):
        return None
    unused = [index for index in range(skipped, len(header)) if index not in targets]
    if layout in PLAIN.values():
        notes += [
            f"{header[index].strip()} is kept as an id where --source says whose it is"
            for index in unused
            if folded(header[index]) in KEYS and not source
        ]
    return Columns(
        tuple(header),
        layout,
        source or layout.source or layout.name,
        tuple(targets.items()),
        tuple(header[index].strip() for index in unused),
        tuple(notes),
        passed,
    )


class _Place(NamedTuple):
    """A column that is known: the smaller, the more precisely it names its target."""

    is_vague: bool
    rank: int
    column: int
    target: str


def _place_of(index: int, name: str, layout: Layout, source: str | None) -> _Place | None:
    forms = forms_of(name) if layout in PLAIN.values() else [folded(name)]
    for form in forms:
        if form in layout.columns:
            is_vague = layout in PLAIN.values() and form in VAGUE
            return _Place(is_vague, list(layout.columns).index(form), index, layout.columns[form])
    if source and layout in PLAIN.values() and forms[0] in KEYS:
        return _Place(False, len(layout.columns), index, "key")
    return None


def _layout_of(header: Cells, mapping: Mapping[str, str], name: str | None) -> Layout | None:
    """The layout of that name, or the one that a header shows."""
    if name:
        return next(one for one in LAYOUTS if one.name == name)
    there = {folded(one) for one in header}
    known = [layout for layout in LAYOUTS if layout.marks <= there]
    if known:
        return max(known, key=lambda layout: len(layout.marks))
    needed: dict[Kind, str] = {"books": "title", "authors": "name"}
    for kind in OURS:
        if needed[kind] in header and set(header) <= RESOURCES[kind].fields.keys() and set(header) - COMMON:
            return OURS[kind]
    of_books, of_authors = (_targets(header, PLAIN[kind]) | mapping.keys() for kind in ("books", "authors"))
    titles = {one for one in header if _targets([one], PLAIN["books"]) == {"title"}}
    # "Name, Author, Year" is a list of books, "Name, Born" one of people, and so is "Author, Born".
    if "title" in mapping or any(folded(one) not in NAMES for one in titles) or (titles and "authors" in of_books):
        return PLAIN["books"]
    if "name" in mapping or ("name" in of_authors and not of_books & _OF_BOOKS_ALONE):
        return PLAIN["authors"] if there & NAMES or len(of_authors) > 1 else None
    return None


def _targets(header: Cells, layout: Layout) -> set[str]:
    return {place.target for index, name in enumerate(header) if (place := _place_of(index, name, layout, None))}


def _is_read_only(kind: Kind, target: str) -> bool:
    field = RESOURCES[kind].fields.get(target)
    return field is not None and field.read_only
