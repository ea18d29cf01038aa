"""Measures the times of search in a large catalog, and the cost of search data for writes.

Queries are selected from the data by a seed, and use no knowledge of how the service searches. Words are selected from
positions in the texts, so that their frequency is that in the catalog: the logarithm of the number of matching books is
spread about evenly. Three of four queries take all words from one book, which ensures a match; the others take each
word from another book. Fixed shares have frequent words, an unfinished last word, or a filter.
"""

from __future__ import annotations

import contextlib
import random
import statistics
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from . import catalog, contestants, typed, writes
from .database import Cluster
from .load import Sample, by_wrk, in_turns
from .traced import Traced, TracedResponse

QUERIES = 4_000  # for /books; the other kinds have fractions of it
SAMPLE = 20_000  # books that queries are selected from
PASSES = 3  # over all queries; the median of each one excludes a temporary delay
SORTS = ("title", "-published", "page_count", "-updated_at")
NEXT_PAGES = 10  # the next page is read after one of so many
FROM_ONE_BOOK, FREQUENT, ALL_FREQUENT, UNFINISHED, FILTERED = 0.75, 0.25, 0.05, 0.3, 0.5  # shares of the queries
NARROW = 0.01  # the share of the books that match a range of years
SHORT_PREFIX, LONGEST_PREFIX = 2, 10

SEARCH_COLUMNS: dict[str, tuple[str, ...]] = {
    "authors": ("words", "heading"),
    "books": ("words", "heading"),
}

Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """A request, and the groups that it belongs to."""

    target: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Timing:
    """The median seconds of a request in total and in Postgres, and whether its matches are fuzzy."""

    request: Request
    seconds: float
    in_postgres: float
    fuzzy: bool


@dataclass(frozen=True)
class Book:
    """The texts and filters that queries for a book are made from."""

    texts: dict[str, list[str]]  # by field
    filters: dict[str, Values]


def measure(traced: Traced, cursor: Any, seed: int, queries: int) -> Iterator[tuple[str, list[Timing]]]:
    """Yield each kind of requests with their timings.

    `cursor` reads the words of the queries from the same database.
    """
    draw = Draw(cursor, random.Random(seed))
    words = [draw.query() for _ in range(queries)]
    for request in words[: queries // 10]:
        traced.get(request.target)  # to warm up
    yield "words", _timed(traced, words)
    yield "words, one with a typing error", _timed(traced, [draw.slip() for _ in range(queries // 4)])
    yield "suggestions", _timed(traced, [draw.suggestion() for _ in range(queries // 2)])
    yield "authors", _timed(traced, [draw.author() for _ in range(queries // 4)])
    yield "words, the next page", _timed(traced, list(_next_pages(traced, words[::NEXT_PAGES])))
    yield "words, sorted by a field", _timed(traced, [draw.sorted_query() for _ in range(queries // 8)])


def by_group(timings: Iterable[Timing]) -> dict[str, list[Timing]]:
    """Return the timings by group, in the order of the names."""
    found: dict[str, list[Timing]] = {}
    for timing in timings:
        for group in timing.request.groups:
            found.setdefault(group, []).append(timing)
    return dict(sorted(found.items()))


def _timed(traced: Traced, requests: list[Request]) -> list[Timing]:
    rounds = [[traced.get(request.target) for request in requests] for _ in range(PASSES)]
    return [_median(request, responses) for request, *responses in zip(requests, *rounds, strict=True)]


def _median(request: Request, responses: list[TracedResponse]) -> Timing:
    return Timing(
        request,
        statistics.median(response.seconds for response in responses),
        statistics.median(response.in_postgres for response in responses),
        any(response.document.get("meta", {}).get("match") == "fuzzy" for response in responses),
    )


def _next_pages(traced: Traced, requests: list[Request]) -> Iterator[Request]:
    for request in requests:
        following = traced.get(request.target).document["links"]["next"]
        if following:
            yield Request(following, ())


class Draw:
    """Selects random requests from the catalog behind a cursor."""

    def __init__(self, cursor: Any, chance: random.Random) -> None:
        self.chance = chance
        cursor.execute("SELECT max(id), count(*) FROM books")
        last, self.count = cursor.fetchone()
        self.years = _years(cursor)
        self.books = list(self._books(cursor, chance.sample(range(1, last + 1), min(last, SAMPLE))))
        self.names = [name for book in self.books for name in book.texts.get("author", ())]
        self.titles = [title for book in self.books for title in book.texts["title"]]
        in_titles = Counter(word for title in self.titles for word in set(typed.words(typed.plain(title))))
        self.frequent = [word for word, _ in in_titles.most_common(10)]
        self.typist = typed.Typist(chance, self.titles[:5_000])
        self.known = _known_words()

    def query(self) -> Request:
        """Return a query of one to four words, with or without a filter."""
        book, words, groups = self._words(self.chance.randint(1, 4))
        parameters, group = self._filter(book)
        return _books({"q": " ".join(words)} | dict(parameters), *groups, group)

    def sorted_query(self) -> Request:
        """Return such a query with a sort, which prevents an early end by rank."""
        book, words, _ = self._words(self.chance.randint(1, 4))
        parameters, _ = self._filter(book)
        sort = self.chance.choice(SORTS)
        return _books({"q": " ".join(words), "sort": sort} | dict(parameters), f"sort={sort}")

    def slip(self) -> Request:
        """Return a query of words of one book, one of which is misspelled and unknown to the catalog."""
        while True:
            book, count = self.chance.choice(self.books), self.chance.randint(1, 4)
            words = self._of_book(book, count)
            long = [place for place, word in enumerate(words) if len(word) > 3]
            if not long:
                continue
            place = self.chance.choice(long)
            changed, _ = self.typist.slip(words[place])
            if not self._is_known(typed.plain(changed)):
                words[place] = changed
                parameters, _ = self._filter(book)
                return _books({"q": " ".join(words)} | dict(parameters), f"words: {len(words)}")

    def author(self) -> Request:
        """Return a query for an author: one to three words of a name, the last one sometimes unfinished."""
        words = typed.words(self.chance.choice(self.names))
        words = self.chance.sample(words, min(len(words), self.chance.randint(1, 3)))
        if self.chance.random() < UNFINISHED:
            words[-1] = typed.unfinished(self.chance, words[-1])
        return Request(f"/authors?{urlencode({'q': ' '.join(words)})}", (f"words: {len(words)}",))

    def suggestion(self) -> Request:
        """Return a request for suggestions: the first letters of a title or a name."""
        text = typed.plain(self.chance.choice(self.chance.choice((self.titles, self.names))))
        prefix = text[: self.chance.randint(1, LONGEST_PREFIX)].strip()
        size = str(len(prefix)) if len(prefix) <= SHORT_PREFIX else f"more than {SHORT_PREFIX}"
        return Request(f"/suggest?{urlencode({'q': prefix, 'limit': 8})}", (f"letters: {size}",))

    def _words(self, count: int) -> tuple[Book, list[str], tuple[str, ...]]:
        """Return a book, words to search for, and their groups."""
        draw, book = self.chance.random, self.chance.choice(self.books)
        from_one = draw() < FROM_ONE_BOOK
        words = (
            self._of_book(book, count)
            if from_one
            else [self._of_book(self.chance.choice(self.books), 1)[0] for _ in range(count)]
        )
        groups = [f"words: {len(words)}"]
        if draw() < ALL_FREQUENT:
            words = self.chance.sample([*self.frequent, "the", "of"], len(words))
            groups.append("frequent words alone")
        elif draw() < FREQUENT:
            other = ("the", "of") if draw() < 0.5 else self.frequent
            words[self.chance.randrange(len(words))] = self.chance.choice(other)
            groups.append("with a frequent word")
        elif from_one:
            groups.append("words of one book")
        else:
            groups.append("words of several books")
        if draw() < UNFINISHED:
            words[-1] = typed.unfinished(self.chance, words[-1])
            groups.append("last word unfinished")
        return book, words, tuple(groups)

    def _of_book(self, book: Book, count: int) -> list[str]:
        """Return up to `count` words of a book: of title, author, publisher and subjects, mixed."""
        kinds = {"title": 3, "author": 2, "publisher": 1, "subjects": 1}
        left = {kind: [word for text in book.texts.get(kind, ()) for word in typed.words(text)] for kind in kinds}
        found: list[str] = []
        while len(found) < count and any(left.values()):
            kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
            if left[kind]:
                words = left[kind]
                found.append(words.pop(self.chance.randrange(len(words))))
        return [typed.plain(word) if self.chance.random() < 0.5 else word for word in found]

    def _filter(self, book: Book) -> tuple[Values, str]:
        if self.chance.random() >= FILTERED:
            return (), "no filter"
        other = book if self.chance.random() < 0.5 else self.chance.choice(self.books)
        name = self.chance.choice(sorted(other.filters))
        return other.filters[name], f"filter: {name}"

    def _is_known(self, start: str) -> bool:
        """Return whether a word of the catalog begins with `start`."""
        place = bisect_left(self.known, start)
        return place < len(self.known) and self.known[place].startswith(start)

    def _books(self, cursor: Any, ids: list[int]) -> Iterator[Book]:
        cursor.execute(
            "SELECT title, publisher, subjects, left(published, 4), array_agg(author_id ORDER BY position), "
            "array_agg(name ORDER BY position) FROM books "
            "LEFT JOIN contributions ON book_id = books.id LEFT JOIN authors ON authors.id = author_id "
            "WHERE books.id = ANY(%s) GROUP BY books.id ORDER BY books.id",
            [ids],
        )
        for title, publisher, subjects, year, authors, names in cursor.fetchall():
            texts = {"title": [title], "subjects": subjects}
            filters: dict[str, Values] = {
                "language=en": (("language", "en"),),
                "isbn[null]": (("isbn[null]", "true"),),
            }
            if authors[0]:
                texts["author"] = names
                filters["author_id"] = (("author_id", str(authors[0])),)
            if publisher:
                texts["publisher"] = [publisher]
                filters["publisher"] = (("publisher", publisher),)
            if year:
                filters["published, 1 %"] = self._range(year)
            yield Book(texts, filters)

    def _range(self, first: str) -> Values:
        """Return a range of years from `first` on that has about `NARROW` of the books."""
        found, last = 0, first
        for year, count in self.years:
            if year >= first and found < NARROW * self.count:
                found, last = found + count, year
        return ("published[gte]", first), ("published[lte]", last)


def _books(parameters: dict[str, str], *groups: str) -> Request:
    return Request(f"/books?{urlencode(parameters)}", groups)


def _years(cursor: Any) -> list[tuple[str, int]]:
    cursor.execute("SELECT left(published, 4), count(*) FROM books WHERE published IS NOT NULL GROUP BY 1 ORDER BY 1")
    return list(cursor.fetchall())


def _known_words() -> list[str]:
    """Return all words of the generated catalog, in order."""
    known = catalog.vocabulary()
    ranked = (
        known.words,
        known.nouns,
        known.surnames,
        known.given_names,
        known.publishers,
        known.subjects,
        known.series,
    )
    texts = (text for items in ranked for text in items.items)
    return sorted({word for text in texts for word in typed.words(typed.plain(text))})


def write_cost(cluster: Cluster, books: int, folder: Path, rounds: int, seconds: float) -> dict[str, Sample]:
    """Measure the creation of books in a copy of the catalog with search data, and in one without."""
    database = cluster.catalog(books)
    requests = folder / "creations.txt"
    requests.write_text("".join(f"POST\t/books\t{body}\n" for body in writes.bodies(cluster, database)))
    ways: dict[str, Callable[[Any], None] | None] = {"with search data": None, "without": drop_search}
    with contextlib.ExitStack() as stack:
        measures = {}
        for place, (name, prepare) in enumerate(ways.items()):
            copy = stack.enter_context(cluster.copy(database, f"write_cost_{place}"))
            if prepare:
                with cluster.connect(copy) as connection, connection.cursor() as cursor:
                    prepare(cursor)
            service = stack.enter_context(contestants.this(cluster, copy))
            measures[name] = by_wrk(service.address, requests, service.pid, cluster.pid)
        return in_turns(measures, rounds, seconds)


def drop_search(cursor: Any) -> None:
    """Drop the triggers and columns of a database that only search needs.

    This depends on the implementation of search (`migrations/versions/0003_search.py`), and must follow its changes.
    `POST /books` must still work: the service continues to look up the contributors' names, which are now empty. That
    is a few percent of the time of a create, and makes the measured ratio lower by as much.
    """
    cursor.execute(
        "CREATE OR REPLACE FUNCTION names_on_book(names text, credited_as text) RETURNS text "
        "IMMUTABLE PARALLEL SAFE RETURN ''"
    )
    cursor.execute("SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE tgname ~ '^(contributors|vocabulary)_of_'")
    for trigger, table in cursor.fetchall():
        cursor.execute(f"DROP TRIGGER {trigger} ON {table}")
    for table, columns in SEARCH_COLUMNS.items():
        for column in columns:
            cursor.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
