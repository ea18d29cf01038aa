"""Measures how often search finds known records, with queries from Project Gutenberg's catalogue.

- A *known item* is a book, searched by two different words of its title, each longer than three letters, and one word
  of an author's name. The title's words are in any order, the author is first or last, and case and accents are kept or
  dropped. The book must be among the first ten results.
- The same with a typing error in one of the three words.
- An author is searched by one of their alternate names, and must be among the first five results.

Books without an author or without two such words are never selected. Books with the same title and the same authors
cannot be distinguished, so any of them is right. If more than five authors share a name (as name or alternate name,
regardless of case, accents and punctuation), any of them is right, too; otherwise it must be the selected one.

The queries are selected from the data by a seed, and use no knowledge of how the service searches.
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from . import contestants, gutenberg, typed
from .database import Cluster

QUERIES = 10_000  # default number of each kind
BOOKS_SHOWN, AUTHORS_SHOWN = 10, 5
CONNECTIONS = 2
LONGER_THAN = 3  # letters of a word of a title
CERTAINTY = 1.96  # standard deviations: 95 %


@dataclass(frozen=True)
class Record:
    """A book or an author: its description, and the texts that queries are made from."""

    id: int
    text: str
    title: str = ""
    names: tuple[str, ...] = ()
    authors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Search:
    """A query with its list and the ids of the right results; `about` are its classes."""

    text: str
    path: str
    limit: int
    right: frozenset[int]
    about: tuple[str, ...] = ()


@dataclass
class Result:
    """The response to a query: the first ids, seconds, `meta`, and the total number of results."""

    search: Search
    ids: list[int]
    seconds: float
    total: int
    status: int = 200
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        return not self.search.right.isdisjoint(self.ids)


@dataclass(frozen=True)
class Findings:
    """All results: of known items, of the same with a typing error, and of authors."""

    items: list[Result]
    slips: list[Result]
    authors: list[Result]
    records: dict[str, dict[int, Record]]  # by path and id


class SearchFailed(Exception):
    """The service refused a valid query."""


def measure(cluster: Cluster, source: Path, seed: int, queries: int) -> Findings:
    """Return the results of `queries` queries of each kind. Raises `SearchFailed`.

    Project Gutenberg's catalogue is imported into a database, which is kept in the cluster.
    """

    def fill(name: str) -> None:
        gutenberg.load(source, cluster.environment(name))

    database = cluster.kept("quality", "Project Gutenberg loaded", fill)
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        books, authors = _books(cursor), _authors(cursor)
    chance = random.Random(seed)
    typist = typed.Typist(chance, (book.text for book in chance.sample(books, min(len(books), 5_000))))
    items, slips = [], []
    for item, slip in _known_items(chance, typist, books, queries):
        items.append(item)
        slips.append(slip)
    aliases = list(_aliases(chance, authors, queries))
    with contestants.this(cluster, database, CACHE_DEFAULT_TIMEOUT="0") as service:
        run(service.address, items[: max(1, queries // 50)])  # to warm up
        found = [run(service.address, searches) for searches in (items, slips, aliases)]
    records = {"/books": {book.id: book for book in books}, "/authors": {author.id: author for author in authors}}
    return Findings(found[0], found[1], found[2], records)


def run(address: str, searches: Sequence[Search]) -> list[Result]:
    """Return the responses of a service, over a few connections. Raises `SearchFailed`."""
    own = threading.local()

    def send(search: Search) -> Result:
        if not hasattr(own, "connection"):
            own.connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        parameters = {"q": search.text, "limit": search.limit, "fields": "id"}
        started = time.perf_counter()
        status, page = _get(own.connection, search.path, parameters)
        seconds = time.perf_counter() - started
        if status != 200:  # counts as a miss
            return Result(search, [], seconds, 0, status)
        ids = [row["id"] for row in page["data"]]
        total = len(ids)
        if page["links"]["next"]:
            status, counted = _get(own.connection, search.path, {**parameters, "limit": 1, "total": "exact"})
            total = counted["meta"]["total"] if status == 200 else total + 1
        return Result(search, ids, seconds, total, meta=page["meta"])

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(send, searches))


def _get(connection: HTTPConnection, path: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    connection.request("GET", f"{path}?{urlencode(parameters)}")
    response = connection.getresponse()
    body = response.read()
    if 400 <= response.status < 500:
        raise SearchFailed(f"{path}?{urlencode(parameters)}: {response.status} {body[:500].decode(errors='replace')}")
    return response.status, json.loads(body) if response.status == 200 else {}


def wilson(found: int, total: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Wilson's score interval)."""
    if not total:
        return 0.0, 1.0
    share, square = found / total, CERTAINTY**2 / total
    middle = (share + square / 2) / (1 + square)
    half = CERTAINTY * math.sqrt(share * (1 - share) / total + square / total / 4) / (1 + square)
    return middle - half, middle + half


def few(results: Iterable[Result]) -> list[Result]:
    """Return the responses with at most `BOOKS_SHOWN` results in total."""
    return [result for result in results if result.total <= BOOKS_SHOWN]


def by_class(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Return the responses by the classes of their queries."""
    found: dict[str, list[Result]] = {}
    for result in results:
        for about in result.search.about:
            found.setdefault(about, []).append(result)
    return dict(sorted(found.items()))


def worst(results: Iterable[Result], most: int) -> list[Result]:
    """Return misses, those with the fewest results first."""
    return sorted((result for result in results if not result.found), key=lambda result: result.total)[:most]


def described(result: Result, records: dict[int, Record]) -> str:
    """Return a description of a miss: the query, a right result, and the first results."""
    search = result.search
    meta = {name: result.meta[name] for name in ("match", "did_you_mean") if result.meta.get(name)}
    status = "" if result.status == 200 else f", status {result.status}"
    lines = [f"{search.text!r} ({', '.join(search.about)}): {result.total:,} found{status} {meta or ''}".rstrip()]
    lines += [f"  right: {records[right].text}" for right in sorted(search.right)[:1]]
    lines += [f"  {place}: {records[came].text}" for place, came in enumerate(result.ids[:3], 1)]
    return "\n".join(lines)


def _books(cursor: Any) -> list[Record]:
    cursor.execute(
        "SELECT books.id, title, array_remove(array_agg(author_id ORDER BY position), NULL), "
        "array_remove(array_agg(name ORDER BY position), NULL) FROM books "
        "LEFT JOIN contributions ON book_id = books.id LEFT JOIN authors ON authors.id = author_id "
        "GROUP BY books.id ORDER BY books.id"
    )
    return [
        Record(book_id, f"{title} / {'; '.join(names)} (book {book_id})", title, tuple(names), tuple(authors))
        for book_id, title, authors, names in cursor.fetchall()
    ]


def _authors(cursor: Any) -> list[Record]:
    cursor.execute("SELECT id, name, alternate_names FROM authors ORDER BY id")
    return [
        Record(author_id, f"{name} = {'; '.join(others)} (author {author_id})", name, tuple(others))
        for author_id, name, others in cursor.fetchall()
    ]


def _known_items(
    chance: random.Random, typist: typed.Typist, books: Sequence[Record], count: int
) -> Iterator[tuple[Search, Search]]:
    """Yield queries for books, each without a typing error and with one."""
    twins: dict[Any, set[int]] = {}
    for book in books:
        twins.setdefault((book.title, frozenset(book.authors)), set()).add(book.id)
    drawable = [book for book in books if book.names and len(_title_words(book)) > 1]
    for book in chance.choices(drawable, k=count):
        # Each word with its source; the author's name is first or last.
        parts = [(word, "the title") for word in chance.sample(_title_words(book), 2)]
        author = chance.choice([word for name in book.names for word in typed.words(name)])
        parts.insert(chance.choice((0, 2)), (author, "the name"))
        if chance.random() < 0.5:
            parts = [(typed.plain(word), what) for word, what in parts]
        right = frozenset(twins[book.title, frozenset(book.authors)])
        place = chance.randrange(len(parts))
        word, what = parts[place]
        changed, kind = typist.slip(word)
        size = "up to 3" if len(word) < 4 else "4 to 6" if len(word) < 7 else "7 or more"
        texts = [word for word, _ in parts]
        slipped = [*texts[:place], changed, *texts[place + 1 :]]
        about = (f"error: {kind}", f"error in {what}", f"error in a word of {size} letters")
        yield (
            Search(" ".join(texts), "/books", BOOKS_SHOWN, right, (f"last word of {parts[-1][1]}",)),
            Search(" ".join(slipped), "/books", BOOKS_SHOWN, right, about),
        )


def _title_words(book: Record) -> list[str]:
    """Return the distinct words of a title that a query may use."""
    found = {typed.plain(word): word for word in typed.words(book.title) if len(word) > LONGER_THAN}
    return list(found.values())


def _aliases(chance: random.Random, authors: Sequence[Record], count: int) -> Iterator[Search]:
    """Yield queries for authors."""
    authors_by_name: dict[str, set[int]] = {}
    for author in authors:
        for name in (author.title, *author.names):
            authors_by_name.setdefault(typed.key(name), set()).add(author.id)
    drawable = [(author, alias) for author in authors for alias in author.names if typed.words(alias)]
    for author, alias in chance.choices(drawable, k=count):
        namesakes = authors_by_name[typed.key(alias)]
        right = frozenset([author.id] if len(namesakes) <= AUTHORS_SHOWN else namesakes)
        scripts = Counter(typed.script(char) for char in alias if char.isalpha())
        text = typed.plain(alias) if chance.random() < 0.5 else alias
        latin = scripts.most_common(1)[0][0] == "LATIN" if scripts else True
        about = (
            "in the Latin script" if latin else "in another script",
            "of one author" if len(namesakes) == 1 else "of several authors",
            "of one word" if len(typed.words(alias)) == 1 else "of several words",
        )
        yield Search(typed.without_operators(text), "/authors", AUTHORS_SHOWN, right, about)
