"""A batch: consecutive outcomes of a file, stored in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.core.fields import Identifiers
from app.transfer.records import (
    DIGEST,
    Outcome,
    Prepared,
    PreparedContributor,
    RecordKind,
    Rejected,
    RejectReason,
    Skipped,
    SourceKey,
)
from app.values import person_name

from .staging import AUTHOR_CELLS, BOOK_CELLS, CONTRIBUTOR_CELLS, CopyBuffer, cells_of
from .target_columns import AUTHOR_COLUMNS, BOOK_COLUMNS

MAX_RECORDS = 2_500  # a batch takes half a second, during which other writers of its authors wait
MAX_BYTES = 8_000_000  # of original records, which stay in memory until the batch is stored
MAX_NUMBERS = 10  # records named with a warning

# Rounds of mentioned authors: those with a key, those with a birth date, all others.
_KEYED, _DATED, _NAMED = range(3)
_DESCRIPTION = ("name", "sort_name", "birth_date", "death_date", "alternate_names")  # fields of a mentioned author


@dataclass
class Warned:
    """The warnings of one code."""

    count: int = 0
    rows: list[int] = field(default_factory=list)  # numbers of the first records, `MAX_NUMBERS` at most
    original: str = ""  # the first value with the warning
    result: str = ""  # the value that is stored for it

    def add(self, number: int, original: str, result: str = "") -> None:
        """Add a warning about the record of this number."""
        if not self.count:
            self.original, self.result = original, result
        self.count += 1
        self._add_row(number)

    def add_all(self, other: Warned) -> None:
        """Add later warnings of the same code."""
        if not self.count:
            self.original, self.result = other.original, other.result
        self.count += other.count
        for number in other.rows:
            self._add_row(number)

    def _add_row(self, number: int) -> None:
        if len(self.rows) < MAX_NUMBERS and number not in self.rows:
            self.rows.append(number)


class Batch:
    """Consecutive outcomes of a file, and their rows for the staging tables.

    The *ordinal* of a book or author is the index of its row in the staging table. Records with the same key, ISBN or
    id are in different *rounds*, which are merged one after the other. A *mentioned* author is a contributor of a book
    in the batch, without a record of its own.
    """

    def __init__(self) -> None:
        self.authors = CopyBuffer("staged_authors", AUTHOR_CELLS)
        self.books = CopyBuffer("staged_books", BOOK_CELLS)
        self.contributors = CopyBuffer("staged_contributors", CONTRIBUTOR_CELLS)
        self.records = self.rows = 0
        self.warnings: dict[str, Warned] = {}  # by code
        self.numbers: dict[RecordKind, list[int]] = {"books": [], "authors": []}  # of records, by kind and ordinal
        self.skip_reasons: Counter[str] = Counter()
        self.rejected: list[Rejected] = []
        self.repeated = 0  # books equal to the previous one with their digest, which are not stored again
        self.outcomes: list[Outcome] = []
        self.may_be_rejected: dict[
            tuple[RecordKind, int], Prepared
        ] = {}  # records that the merge may reject, by kind and ordinal
        self.position = 0  # bytes of the file up to the end of this batch
        self._last: dict[str, Prepared] = {}  # the last book of each digest
        self._rounds: dict[Any, int] = {}
        self._mentioned: dict[Any, int] = {}  # ordinals by identity
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the batch has reached its maximum size."""
        return self.records >= MAX_RECORDS or self._bytes >= MAX_BYTES

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of a record."""
        self.outcomes.append(outcome)
        self.records += 1
        self.rows += outcome.rows
        if type(outcome) is Prepared:
            self._bytes += _size_of(outcome.original)
            if outcome.warnings:
                self._add_warnings(outcome)
            if outcome.kind == "books":
                self._add_book(outcome)
            else:
                self._add_author(outcome)
        elif type(outcome) is Skipped:
            self.skip_reasons[outcome.reason] += 1
        elif type(outcome) is Rejected:
            self.rejected.append(outcome)
            self._bytes += _size_of(outcome.original)

    def _add_warnings(self, record: Prepared) -> None:
        for warning in record.warnings:
            self.warnings.setdefault(warning.code, Warned()).add(record.number, warning.original, warning.result)

    def halves(self) -> tuple[Batch, Batch]:
        """Return two batches with half of the outcomes each."""
        middle = self.records // 2
        return self._with(self.outcomes[:middle]), self._with(self.outcomes[middle:])

    def with_rejected(self, reason: RejectReason) -> Batch:
        """Return the batch with its only record rejected."""
        [only] = self.outcomes
        return self._with([only.rejected(reason) if type(only) is Prepared else only])

    def _with(self, outcomes: Iterable[Outcome]) -> Batch:
        batch = Batch()
        batch.position = self.position
        for outcome in outcomes:
            batch.add(outcome)
        return batch

    def _add_book(self, book: Prepared) -> None:
        ordinal, values, restored = self.books.rows, book.values, book.restored
        scheme, key = book.key or (None, None)
        if book.digest:
            before, self._last[book.digest] = self._last.get(book.digest), book
            if before and (before.values, before.contributors) == (book.values, book.contributors):
                self.repeated += 1
                return
            # The digest of a row is an identifier and is exported, except for rows of our own export: otherwise a table
            # that is imported and exported again would change.
            identifiers = values.get("identifiers", {})
            is_exported = not book.own_export or book.digest in identifiers.get(DIGEST, ())
            scheme, key = DIGEST if is_exported else Identifiers.OF_ROW, book.digest
            values = {**values, "identifiers": {**identifiers, scheme: [key]}}
        identity = (scheme, key) if key else None
        self.numbers["books"].append(book.number)
        self.books.add(
            *(ordinal, self._next_round("books", identity, values.get("isbn"), restored.get("id"))),
            *(scheme, key, book.adds),
            *cells_of(BOOK_COLUMNS, values, restored),
        )
        for position, contributor in enumerate(book.contributors):
            author = author_id = None
            if restored and contributor.key:
                author_id = contributor.key.value
            else:
                author = self._mention(contributor, book.number)
            self.contributors.add(ordinal, position, author, author_id, contributor.role, contributor.credited_as)
        if book.adds or restored:
            self.may_be_rejected["books", ordinal] = book

    def _add_author(self, author: Prepared) -> None:
        ordinal, values, restored, key = self.authors.rows, author.values, author.restored, author.key
        # Authors without a key are in a later round, because they may match an author with a key.
        earliest = 0 if key or restored else 1
        round_ = max(self._next_round("authors", key, None, restored.get("id")), earliest)
        self.numbers["authors"].append(author.number)
        self._stage_author(ordinal, round_, key, values, restored=restored)
        if restored:
            self.may_be_rejected["authors", ordinal] = author

    def _mention(self, contributor: PreparedContributor, number: int) -> int:
        """Return the ordinal of the author of a contributor, and stage it once."""
        key = contributor.key
        identity = key or (
            *(contributor.name, contributor.sort_name, contributor.birth_date, contributor.death_date),
            *(contributor.alternate_names, contributor.homonym),
        )
        ordinal = self._mentioned.get(identity)
        if ordinal is None:
            ordinal = self._mentioned[identity] = self.authors.rows
            values: dict[str, Any] = {
                **{name: value for name in _DESCRIPTION if (value := getattr(contributor, name))},
                **({"identifiers": {key.scheme: [key.value]}} if key else {}),
            }
            round_ = _KEYED if key else _DATED if contributor.birth_date else _NAMED
            self.numbers["authors"].append(number)
            self._stage_author(ordinal, round_, key, values, restored={}, mentioned=True, homonym=contributor.homonym)
        return ordinal

    def _stage_author(
        self,
        ordinal: int,
        round_: int,
        key: SourceKey | None,
        values: dict[str, Any],
        *,
        restored: dict[str, Any],
        mentioned: bool = False,
        homonym: int | None = None,
    ) -> None:
        given, name = values.get("sort_name") is not None, values.get("name")
        if not given and name:
            values = {**values, "sort_name": person_name.sort_name(name)}
        self.authors.add(
            *(ordinal, round_, *(key or (None, None)), mentioned, homonym, given),
            *cells_of(AUTHOR_COLUMNS, values, restored),
        )

    def _next_round(self, kind: RecordKind, key: Any, isbn: str | None, record_id: Any) -> int:
        """Return the first round without a record of the same key, ISBN or id."""
        rounds = self._rounds
        identities = [(kind, value) for value in (key, isbn, record_id) if value is not None]
        round_ = max((rounds.get(identity, -1) for identity in identities), default=-1) + 1
        for identity in identities:
            rounds[identity] = round_
        return round_


def _size_of(original: Any) -> int:
    """Return the approximate size of an original record in memory, in bytes."""
    if isinstance(original, list):
        return sum([len(item) if type(item) is str else _size_of(item) for item in original])
    return len(original) if isinstance(original, str | bytes) else 1000


def batches(outcomes: Iterable[Outcome]) -> Iterator[Batch]:
    """Group outcomes into batches, in their order.

    If the iterator raises an error, the outcomes before it are returned as the last batch.
    """
    batch = Batch()
    try:
        for outcome in outcomes:
            batch.add(outcome)
            if batch.is_full:
                yield batch
                batch = Batch()
    except Exception:
        if batch.records:
            yield batch
        raise
    if batch.records:
        yield batch
