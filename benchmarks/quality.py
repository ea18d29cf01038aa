"""Does search find what is looked for? Questions drawn from Project Gutenberg's catalogue, answered by the service.

- A *known item*: a book of which somebody remembers two words of the title, longer than three letters and not the
  same, and one word of an author's name, whatever its length. Asked for in any order of the title's words, the author
  in front or behind, with case and accents or without. It is found when it is among the first ten.
- The same with one slip in one of the three words.
- An author, by one of the alternate names, as it is written. Found when among the first five.

Books that have no two such words, or no author, cannot be drawn. Two books with exactly the same title and the same
authors are twins: nobody can mean one of them, so that either is right. So it is with people who bear one name (as
name or alternate name; case, accents and punctuation aside) where more than five do; where five bear it or fewer,
there is room for all of them, and who is meant has to be among them.

Nothing here knows how the service searches, and all is drawn from the data by a seed.
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

QUERIES = 10_000  # of each kind
BOOKS_SHOWN, AUTHORS_SHOWN = 10, 5
CONNECTIONS = 2
LONGER_THAN = 3  # letters, of a title's word
CERTAINTY = 1.96  # standard deviations: 95 %


@dataclass(frozen=True)
class Record:
    """A book or an author as it is known from the data: what it is, for a reader, and what it is drawn by."""

    id: int
    text: str
    title: str = ""
    names: tuple[str, ...] = ()
    authors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Question:
    """What is asked, in which list, and the ids of which any is right; `about` are the classes that it belongs to."""

    text: str
    path: str
    limit: int
    right: frozenset[int]
    about: tuple[str, ...] = ()


@dataclass
class Answer:
    """The first ids, the seconds that they took, and what `meta` said of them; `total` is how many there are."""

    question: Question
    ids: list[int]
    seconds: float
    total: int
    status: int = 200
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        return not self.question.right.isdisjoint(self.ids)


@dataclass(frozen=True)
class Findings:
    """All answers: to questions for known items, to the same with a slip, to questions for authors."""

    items: list[Answer]
    slips: list[Answer]
    authors: list[Answer]
    records: dict[str, dict[int, Record]]  # by path and id


class SearchFailed(Exception):
    """The service refused a question that it must understand."""


def measure(cluster: Cluster, source: Path, seed: int, queries: int) -> Findings:
    """Ask the service, on all of Gutenberg in a database of its own, which stays in the cluster. `queries`: of each
    kind. Raises `SearchFailed`.
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
        ask(service.address, items[: max(1, queries // 50)])  # to warm up
        found = [ask(service.address, questions) for questions in (items, slips, aliases)]
    records = {"/books": {book.id: book for book in books}, "/authors": {author.id: author for author in authors}}
    return Findings(found[0], found[1], found[2], records)


def ask(address: str, questions: Sequence[Question]) -> list[Answer]:
    """The answers of a service, over a few connections; raises `SearchFailed`."""
    own = threading.local()

    def answer(question: Question) -> Answer:
        if not hasattr(own, "connection"):
            own.connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        parameters = {"q": question.text, "limit": question.limit, "fields": "id"}
        started = time.perf_counter()
        status, page = _get(own.connection, question.path, parameters)
        seconds = time.perf_counter() - started
        if status != 200:  # it is a miss: whoever asked has found nothing
            return Answer(question, [], seconds, 0, status)
        ids = [row["id"] for row in page["data"]]
        total = len(ids)
        if page["links"]["next"]:
            status, counted = _get(own.connection, question.path, {**parameters, "limit": 1, "total": "exact"})
            total = counted["meta"]["total"] if status == 200 else total + 1
        return Answer(question, ids, seconds, total, meta=page["meta"])

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(answer, questions))


def _get(connection: HTTPConnection, path: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    connection.request("GET", f"{path}?{urlencode(parameters)}")
    response = connection.getresponse()
    body = response.read()
    if 400 <= response.status < 500:
        raise SearchFailed(f"{path}?{urlencode(parameters)}: {response.status} {body[:500].decode(errors='replace')}")
    return response.status, json.loads(body) if response.status == 200 else {}


def wilson(found: int, asked: int) -> tuple[float, float]:
    """The interval in which the true share lies with a certainty of 95 % (Wilson's score interval)."""
    if not asked:
        return 0.0, 1.0
    share, square = found / asked, CERTAINTY**2 / asked
    middle = (share + square / 2) / (1 + square)
    half = CERTAINTY * math.sqrt(share * (1 - share) / asked + square / asked / 4) / (1 + square)
    return middle - half, middle + half


def few(answers: Iterable[Answer]) -> list[Answer]:
    """The answers to questions that at most ten books match, as the service counts."""
    return [answer for answer in answers if answer.total <= BOOKS_SHOWN]


def by_class(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """The answers by what their questions are about."""
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        for about in answer.question.about:
            found.setdefault(about, []).append(answer)
    return dict(sorted(found.items()))


def worst(answers: Iterable[Answer], most: int) -> list[Answer]:
    """Misses, first those where the fewest came in front of what was looked for."""
    return sorted((answer for answer in answers if not answer.found), key=lambda one: one.total)[:most]


def told(answer: Answer, records: dict[int, Record]) -> str:
    """A miss, for who wants to know why: the question, what would have been right, what came first."""
    question = answer.question
    meta = {name: answer.meta[name] for name in ("match", "did_you_mean") if answer.meta.get(name)}
    status = "" if answer.status == 200 else f", status {answer.status}"
    lines = [f"{question.text!r} ({', '.join(question.about)}): {answer.total:,} found{status} {meta or ''}".rstrip()]
    lines += [f"  right: {records[right].text}" for right in sorted(question.right)[:1]]
    lines += [f"  {place}: {records[came].text}" for place, came in enumerate(answer.ids[:3], 1)]
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
) -> Iterator[tuple[Question, Question]]:
    """Questions for books, each without a slip and with one."""
    twins: dict[Any, set[int]] = {}
    for book in books:
        twins.setdefault((book.title, frozenset(book.authors)), set()).add(book.id)
    drawable = [book for book in books if book.names and len(_title_words(book)) > 1]
    for book in chance.choices(drawable, k=count):
        # Which word is which is known by its place; the author stands in front or behind.
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
        about = (f"slip: {kind}", f"slip in {what}", f"slip in a word of {size} letters")
        yield (
            Question(" ".join(texts), "/books", BOOKS_SHOWN, right, (f"last word of {parts[-1][1]}",)),
            Question(" ".join(slipped), "/books", BOOKS_SHOWN, right, about),
        )


def _title_words(book: Record) -> list[str]:
    """The words of a title that may be remembered, no two alike."""
    found = {typed.plain(word): word for word in typed.words(book.title) if len(word) > LONGER_THAN}
    return list(found.values())


def _aliases(chance: random.Random, authors: Sequence[Record], count: int) -> Iterator[Question]:
    """Questions for authors."""
    bearers: dict[str, set[int]] = {}
    for author in authors:
        for name in (author.title, *author.names):
            bearers.setdefault(typed.key(name), set()).add(author.id)
    drawable = [(author, alias) for author in authors for alias in author.names if typed.words(alias)]
    for author, alias in chance.choices(drawable, k=count):
        everybody = bearers[typed.key(alias)]
        right = frozenset([author.id] if len(everybody) <= AUTHORS_SHOWN else everybody)
        scripts = Counter(typed.script(char) for char in alias if char.isalpha())
        text = typed.plain(alias) if chance.random() < 0.5 else alias
        latin = scripts.most_common(1)[0][0] == "LATIN" if scripts else True
        about = (
            "in the Latin script" if latin else "in another script",
            "borne by one" if len(everybody) == 1 else "borne by several",
            "of one word" if len(typed.words(alias)) == 1 else "of several words",
        )
        yield Question(typed.without_operators(text), "/authors", AUTHORS_SHOWN, right, about)
