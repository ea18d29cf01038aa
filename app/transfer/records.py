"""The records that pass between the stages of an import.

A format reads a file into `RawRecord`, `Skipped` and `Rejected`. Preparation turns each `RawRecord` into an outcome:
`Prepared`, `Skipped` or `Rejected`. Each record of the file has exactly one outcome.

The `number` of a record is the number of its first line, from 1. In formats without lines it is the number of the
record; `Detected.unit` is "line" or "record".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.resource import Resource

RecordKind = Literal["books", "authors"]
RESOURCES: dict[RecordKind, Resource] = {"books": BOOKS, "authors": AUTHORS}
DIGEST = "digest"  # the identifier scheme of records without any other id


class SourceKey(NamedTuple):
    """A record's id in its source, stored in `identifiers` as ``{scheme: [value]}``."""

    scheme: str
    value: str


class RecordWarning(NamedTuple):
    """A value that was changed or left out."""

    code: str  # one of `WARNING_CODES`
    field: str
    original: str  # the value in the file
    result: str = ""  # the value that is stored, if that is one line


class RejectReason(NamedTuple):
    """Why a record cannot be stored."""

    field: str  # the field of the catalog; "" for the record as a whole
    value: str
    detail: str  # a sentence


class RawContributor(NamedTuple):
    """A contributor as read from a file, before cleaning."""

    name: str | None
    role: str | None = None  # a word or relator code of the source; None means author
    key: SourceKey | None = None
    is_inverted: bool = False  # family name first: "Milne, A. A., 1882-1956."
    credited_as: str | None = None
    sort_name: str | None = None
    life_dates: str | None = None  # as in a library heading: "1882-1956."


@dataclass(slots=True)
class RawRecord:
    """A record as read from a file, before cleaning.

    `fields` maps field names of the catalog to raw values: text, or JSON values; empty ones are left out. Besides the
    fields of the resource there may be `authors` (a list of `RawContributor`), `person` (a `RawContributor`: the name
    of an author record), `title_with_series` and `series_with_position`.
    """

    number: int
    kind: RecordKind
    fields: dict[str, Any]
    original: Any  # the record as the rejects writer of its format writes it
    key: SourceKey | None = None
    adds: bool = False  # see `Prepared.adds`
    rows: int = 1  # rows of the file that make this record
    own_export: bool = False  # a file written by the export, whose values in stored form need no cleaning


@dataclass(slots=True, frozen=True)
class PreparedContributor:
    """A contributor of a book, not yet matched with an author of the catalog.

    The values are valid and in stored form. The loader matches by `key`; without a key, or if no author has it, by name
    and birth year. `name` is None if the source names authors only by key; the author's own record may be in another
    line or file. The other fields describe an author that has to be created.
    """

    name: str | None
    role: str = "author"
    key: SourceKey | None = None
    credited_as: str | None = None
    sort_name: str | None = None
    birth_date: str | None = None
    death_date: str | None = None
    alternate_names: tuple[str, ...] = ()
    # In files of our own export one name may occur twice in a role. This is the index among the authors of that name,
    # from 0; authors with exactly this spelling come first.
    homonym: int | None = None


@dataclass(slots=True)
class Prepared:
    """A record that can be stored.

    `values` are valid and in stored form, by column. Fields that the file does not have are left out, so that an update
    keeps them. `contributors` replaces `authors`: in order, each name (or key) once per role.

    A record is matched by `key` (also in ``values["identifiers"]``), then by ISBN, then by `digest`: a hash of its row
    and its source in 32 hexadecimal digits, "" for records with a key or an ISBN.
    """

    number: int
    kind: RecordKind
    values: dict[str, Any]
    original: Any
    key: SourceKey | None = None
    digest: str = ""
    contributors: list[PreparedContributor] = field(default_factory=list)
    warnings: list[RecordWarning] = field(default_factory=list)
    adds: bool = False  # extends the lists of a stored record, matched by `key`; rejected if there is none
    restored: dict[str, Any] = field(default_factory=dict)  # `id`, `created_at`, `updated_at` to keep (--restore)
    rows: int = 1
    own_export: bool = False

    def rejected(self, *reasons: RejectReason) -> Rejected:
        """Return this record as rejected, for reasons found by the database."""
        return Rejected(self.number, self.original, list(reasons), self.rows)


@dataclass(slots=True)
class Skipped:
    """A record that does not belong in the catalog, such as a serial or a redirect."""

    number: int
    reason: str  # a short phrase, counted in the report
    rows: int = 1


@dataclass(slots=True)
class Rejected:
    """A record that cannot be stored, with all its errors."""

    number: int
    original: Any
    reasons: list[RejectReason]
    rows: int = 1


RawOutcome: TypeAlias = RawRecord | Rejected | Skipped
Outcome: TypeAlias = Prepared | Skipped | Rejected
