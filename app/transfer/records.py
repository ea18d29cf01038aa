"""What a file's records become: the interface between the readers of formats and the merge.

A reader makes a stream of `Row` (values as the file has them, by the names of our fields), `Rejected` (a piece that is
no record of the format) and `Skipped`. What `preparing` makes of a row is an `Outcome`: `Prepared`, `Skipped` or
`Rejected`. As many outcomes come out as records were read.

A place is the number of a line (the first is 1; a record of several lines has its first one) or, in formats without
lines, of a record; `Guess.counted_in` says which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from app.authors.schemas import AUTHORS
from app.books.schemas import BOOKS
from app.resource import Resource

Kind = Literal["books", "authors"]
RESOURCES: dict[Kind, Resource] = {"books": BOOKS, "authors": AUTHORS}
DIGEST = "digest"  # the scheme of the digests by which records are known that have no other id


class Key(NamedTuple):
    """An identifier of a record elsewhere; it stands in `identifiers` as ``{scheme: [value]}``."""

    scheme: str
    value: str


class Mend(NamedTuple):
    """A warning: something was mended or left out. `kind` is a key of `mending.KINDS`; `original` is what was there."""

    kind: str
    field: str
    original: str


class Flaw(NamedTuple):
    """Why a record cannot be stored: a field of ours (or "" for the record as such), the value at fault, a sentence."""

    field: str
    value: str
    reason: str


class Credit(NamedTuple):
    """A contributor as a reader found one: raw. `role` is a word or a relator code of the source; None is an author.

    `filed` says that the name stands as it is filed ("Milne, A. A., 1882-1956."), so that it is to be turned.
    """

    name: str | None
    role: str | None = None
    key: Key | None = None
    filed: bool = False
    credited_as: str | None = None
    sort_name: str | None = None
    life: str | None = None  # the dates of a heading: "1882-1956."


@dataclass(slots=True)
class Row:
    """A record as a reader found it. `adds` and `rows` are those of `Prepared`.

    `fields` holds raw values by the names of our fields: text as in the file, or what JSON holds; what is empty is left
    out. Besides the columns there are `authors` (a list of `Credit`), `person` (a `Credit`: an author's own name),
    `title_with_series` and `series_with_place`. `key` is the record's id in its source. `original` is what the format's
    own rejects take.
    `own`: the catalog's export wrote it, so that what is in stored form needs no mending, however it looks.
    """

    place: int
    kind: Kind
    fields: dict[str, Any]
    original: Any
    key: Key | None = None
    adds: bool = False
    rows: int = 1
    own: bool = False


@dataclass(slots=True, frozen=True)
class Contributor:
    """One contributor of a book, in stored form, yet without the author's id in the catalog.

    The author is the one who has `key` among the identifiers; without a key, or where nobody has it, the one of this
    name (and birth year, where it is known). `name` is None where a source names its people by key alone: such an
    author arrives in another line or file, or never. `nth` is of our own tables, where one name may stand twice in a
    role: which of its bearers is meant, from 0; those who bear it letter by letter come first. The rest describes an
    author that has to be made.
    """

    name: str | None
    role: str = "author"
    key: Key | None = None
    credited_as: str | None = None
    sort_name: str | None = None
    birth_date: str | None = None
    death_date: str | None = None
    alternate_names: tuple[str, ...] = ()
    nth: int | None = None


@dataclass(slots=True)
class Prepared:
    """A record that can be stored.

    `values` are valid and in stored form, by the names of the columns; what the file says nothing about is *left out*,
    so that an update can keep it. They never hold `authors`: `contributors` does, in order, no two of one name (or
    key) and role.

    Who it is: `key` (which stands in `values["identifiers"]`, too), then `values["isbn"]`, then, where it has neither,
    `digest`: 32 hexadecimal digits of the row as it stands in the file and of the source's name; "" otherwise.

    `adds` marks a record that only adds to one that is expected to be there (subjects in a file of their own): it is
    found by `key`, its lists are joined to what is stored, and where there is none it becomes `rejected(…)`.
    `restored` holds `id`, `created_at` and `updated_at` where they are to be kept (`import --restore`), else nothing.
    `rows` says how many rows of the file made this record (a book may have one for each author). `own`: as in `Row`.
    """

    place: int
    kind: Kind
    values: dict[str, Any]
    original: Any
    key: Key | None = None
    digest: str = ""
    contributors: list[Contributor] = field(default_factory=list)
    mends: list[Mend] = field(default_factory=list)
    adds: bool = False
    restored: dict[str, Any] = field(default_factory=dict)
    rows: int = 1
    own: bool = False

    def rejected(self, *flaws: Flaw) -> Rejected:
        """The same record as one that cannot be stored, for what only the database can know."""
        return Rejected(self.place, self.original, list(flaws), self.rows)


@dataclass(slots=True)
class Skipped:
    """A record that is of no concern (a serial, a redirect); `reason` is a short phrase to be counted by."""

    place: int
    reason: str
    rows: int = 1


@dataclass(slots=True)
class Rejected:
    """A record that cannot be stored, with everything that is wrong with it; the format's rejects take it."""

    place: int
    original: Any
    flaws: list[Flaw]
    rows: int = 1


Outcome = Prepared | Skipped | Rejected
