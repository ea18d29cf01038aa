"""Layouts: the targets of the columns of one kind of spreadsheet.

The *target* of a column is a field of the catalog, or one of these:

- ``key``: the id of the row in its source; ``identifiers[scheme]``: another identifier
- ``authors[role]``: contributors in a role; ``role``: the role of the main author
- ``further_authors`` and ``further_roles``: lists beside the main author
- ``author_key``: the id of the main author in the source
- ``given_name`` and ``family_name``: of the main author
- ``subjects[,]``: subjects separated by commas
- ``heading`` and ``heading_type``: a subject or a class number, and its type
- ``title_with_series``, ``series_with_position``
- ``position_in_series``: ignored in rows without a series
- ``imprint``: a publisher with place and year
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from app.transfer.records import RecordKind


@dataclass(frozen=True)
class Layout:
    """The targets of the columns of one kind of spreadsheet."""

    name: str
    label: str
    kind: RecordKind
    columns: dict[str, str]  # targets by folded header; for one target, preferred headers first
    marks: frozenset[str] = frozenset()  # the folded headers that identify the layout
    source: str = ""  # the identifier scheme of its ids
    people: str | None = ";"  # the separator of names in a cell; None to detect it
    inverted: bool | None = False  # whether names have the family name first; None if a comma shows it
    grouped: bool = False  # whether consecutive rows with the same key are one record
    adds: bool = False  # see `Prepared.adds`
    heading_targets: dict[str, str] = field(default_factory=dict)  # targets of `heading`, by `heading_type`


def fold_header(header: str) -> str:
    """Return a header without case, accents and punctuation, for comparisons."""
    letters = (letter for letter in unicodedata.normalize("NFKD", header.lower()) if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", "".join(letters)).strip()


def targets_by_header(headers: dict[str, str]) -> dict[str, str]:
    """Invert a mapping of targets to comma-separated headers."""
    return {fold_header(name): target for target, names in headers.items() for name in names.split(",")}
