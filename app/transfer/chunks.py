"""Outcomes by the chunk, in the form in which COPY takes them: what is stored together, in one transaction."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.values import person_name
from app.vocabulary import Identifiers

from .columns import OF_AUTHORS, OF_BOOKS, Columns
from .records import DIGEST, Contributor, Flaw, Key, Kind, Outcome, Prepared, Rejected, Skipped

MOST_RECORDS = 2_500  # what others write of the same authors waits for them: half a second
MOST_BYTES = 8_000_000
LONGEST_KEY = Identifiers.value.longest

# The columns of the staging tables, in the order in which they are written.
RESTORED = ("id", "created_at", "updated_at")
BOOKS = ("place", "round", "scheme", "key", "adds", *OF_BOOKS.names, *RESTORED)
PEOPLE = ("place", "round", "scheme", "key", "mentioned", "nth", "sort_name_given", *OF_AUTHORS.names, *RESTORED)
CREDITS = ("book", "position", "person", "author_id", "role", "credited_as")
# In which order those are looked for who are only mentioned: with an id of their source, of a known year, all others.
KEYED, DATED, NAMED = range(3)

_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class Table:
    """Rows in the text format of COPY, where nothing at all stands for NULL."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns, self.rows = columns, 0
        self._bytes = io.BytesIO()
        # What is no text is for the database to refuse, which says of what record it is.
        self._text = io.TextIOWrapper(self._bytes, "utf-8", "surrogatepass", newline="")
        self._write = csv.writer(
            self._text, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, escapechar="\\", lineterminator="\r\n"
        ).writerow

    def add(self, *values: Any) -> None:
        """Add a row."""
        self._write(values)
        self.rows += 1

    @property
    def size(self) -> int:
        """About how many bytes the rows have."""
        return self._bytes.tell()

    def read(self) -> io.BytesIO:
        """All rows, to be read once from their beginning."""
        self._text.flush()
        self._bytes.seek(0)
        return self._bytes


class Chunk:
    """Outcomes that follow each other in a file.

    A place is that of a record among those of its kind in the chunk. Records of one identity are in different
    *rounds*: each is merged after those before it.
    """

    def __init__(self) -> None:
        self.books, self.people, self.credits = Table(BOOKS), Table(PEOPLE), Table(CREDITS)
        self.records = self.rows = 0
        self.mends: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.rejected: list[Rejected] = []
        self.repeated = 0  # books whose row stood there before, letter by letter: nothing is to be stored of them
        self._last: dict[str, Prepared] = {}  # the last book of each digest
        self.outcomes: list[Outcome] = []  # each of them may yet be refused
        self.waiting: dict[tuple[str, int], Prepared] = {}  # what may yet be rejected, by kind and place
        self.position = 0  # bytes of the file that were read for it and those before
        self._rounds: dict[Any, int] = {}
        self._mentioned: dict[Any, int] = {}
        self._kept = 0

    @property
    def is_full(self) -> bool:
        """Whether no more should be added."""
        return self.records >= MOST_RECORDS or self._kept >= MOST_BYTES

    def add(self, outcome: Outcome) -> None:
        """Add what became of a record."""
        self.outcomes.append(outcome)
        self.records += 1
        self.rows += outcome.rows
        if type(outcome) is Prepared:
            self._kept += _length(outcome.original)
            if outcome.mends:
                self.mends.update(mend.kind for mend in outcome.mends)
            if outcome.kind == "books":
                self._add_book(outcome)
            else:
                self._add_author(outcome)
        elif type(outcome) is Skipped:
            self.reasons[outcome.reason] += 1
        elif type(outcome) is Rejected:
            self.rejected.append(outcome)
            self._kept += _length(outcome.original)

    def halves(self) -> tuple[Chunk, Chunk]:
        """The same as two chunks, the first records and the others."""
        middle = self.records // 2
        return self._of(self.outcomes[:middle]), self._of(self.outcomes[middle:])

    def refused(self, flaw: Flaw) -> Chunk:
        """The same with its only record rejected."""
        [only] = self.outcomes
        return self._of([only.rejected(flaw) if type(only) is Prepared else only])

    def _of(self, outcomes: Iterable[Outcome]) -> Chunk:
        chunk = Chunk()
        chunk.position = self.position
        for outcome in outcomes:
            chunk.add(outcome)
        return chunk

    def _add_book(self, book: Prepared) -> None:
        place, values, restored = self.books.rows, book.values, book.restored
        scheme, key = book.key or (None, None)
        if book.digest:
            before, self._last[book.digest] = self._last.get(book.digest), book
            if before and (before.values, before.contributors) == (book.values, book.contributors):
                self.repeated += 1
                return
            # What another row was known by stands in our own tables, and stays; what they are known by themselves does
            # not, so that a table that was read in is written out the same.
            identifiers = values.get("identifiers", {})
            told = not book.own or book.digest in identifiers.get(DIGEST, ())
            scheme, key = DIGEST if told else Identifiers.OF_ROW, book.digest
            values = {**values, "identifiers": {**identifiers, scheme: [key]}}
        who = (scheme, key) if key else None
        self.books.add(
            *(place, self._round("books", who, values.get("isbn"), restored.get("id")), scheme, key, book.adds),
            *(*_cells(OF_BOOKS, values), *map(restored.get, RESTORED)),
        )
        for position, contributor in enumerate(book.contributors):
            person = author_id = None
            if restored and contributor.key:
                author_id = contributor.key.value
            else:
                person = self._person(contributor)
            self.credits.add(place, position, person, author_id, contributor.role, contributor.credited_as)
        if book.adds or restored:
            self.waiting["books", place] = book

    def _add_author(self, author: Prepared) -> None:
        place, values, restored, key = self.people.rows, author.values, author.restored, author.key
        # Those who are known by name alone come after the others, whom they may turn out to be.
        number = max(self._round("authors", key, None, restored.get("id")), 0 if key or restored else 1)
        self._add_person(place, number, key, values, restored=restored, mentioned=False)
        if restored:
            self.waiting["authors", place] = author

    def _person(self, one: Contributor) -> int:
        """The place of a contributor among the people; each stands there once."""
        key = one.key if one.key and len(one.key.value) <= LONGEST_KEY and one.key.value.isprintable() else None
        who = key or (one.name, one.sort_name, one.birth_date, one.death_date, one.alternate_names, one.nth)
        place = self._mentioned.get(who)
        if place is None:
            place = self._mentioned[who] = self.people.rows
            values: dict[str, Any] = {
                **{name: value for name in _DESCRIBING if (value := getattr(one, name))},
                **({"identifiers": {key.scheme: [key.value]}} if key else {}),
            }
            number = KEYED if key else DATED if one.birth_date else NAMED
            self._add_person(place, number, key, values, restored={}, mentioned=True, nth=one.nth)
        return place

    def _add_person(
        self,
        place: int,
        number: int,
        key: Key | None,
        values: dict[str, Any],
        *,
        restored: dict[str, Any],
        mentioned: bool,
        nth: int | None = None,
    ) -> None:
        """Add an author who has a record (`number` is its round), or is only mentioned."""
        given, name = values.get("sort_name") is not None, values.get("name")
        if not given and name:
            values = {**values, "sort_name": person_name.sort_name(name)}
        self.people.add(
            *(place, number, *(key or (None, None)), mentioned, nth, given),
            *(*_cells(OF_AUTHORS, values), *map(restored.get, RESTORED)),
        )

    def _round(self, kind: Kind, key: Key | tuple[Any, Any] | None, isbn: str | None, record_id: Any) -> int:
        """The first round in which no record of this kind and identity is merged."""
        rounds, who = self._rounds, [(kind, one) for one in (key, isbn, record_id) if one is not None]
        found = max((rounds.get(one, -1) for one in who), default=-1) + 1
        for one in who:
            rounds[one] = found
        return found


_DESCRIBING = ("name", "sort_name", "birth_date", "death_date", "alternate_names")  # a contributor who is to be made


def _cells(columns: Columns, values: dict[str, Any]) -> list[Any]:
    """Values in the order of `columns.names`, as COPY takes them."""
    get = values.get
    cells = [*map(get, columns.plain)]
    for name in columns.lists:
        items = get(name)
        cells.append(None if items is None else _array(items))
    identifiers = get("identifiers")
    cells.append(None if identifiers is None else _json(identifiers))
    return cells


def _array(items: Sequence[str]) -> str:
    """A list as Postgres writes arrays."""
    if not items:
        return "{}"
    text = "\n".join(items)
    if "\\" in text or '"' in text:
        items = [item.replace("\\", "\\\\").replace('"', '\\"') for item in items]
    return '{"' + '","'.join(items) + '"}'


def _length(original: Any) -> int:
    """About how many bytes something has that stays in memory."""
    if isinstance(original, list):
        return sum([len(one) if type(one) is str else _length(one) for one in original])
    return len(original) if isinstance(original, str | bytes) else 1000


def chunks(outcomes: Iterable[Outcome]) -> Iterator[Chunk]:
    """Outcomes by the chunk, in their order. What the outcomes raise comes after the chunk that it breaks off."""
    chunk = Chunk()
    try:
        for outcome in outcomes:
            chunk.add(outcome)
            if chunk.is_full:
                yield chunk
                chunk = Chunk()
    except Exception:
        if chunk.records:
            yield chunk
        raise
    if chunk.records:
        yield chunk
