"""Measures every filter, alone and with each sort, at values that match a few, 1 % and half of the books.

The values are selected from the data: for each operator, the ones that match nearest to these shares. The statements
are those of the service, each run several times on one connection; the result is their 99th percentile.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.books.resource import BOOKS
from app.core.query.parse import parse_query
from app.core.sql.plan import plan_page

SHARES = (0.00001, 0.01, 0.5)
NEAR = 8.0  # values that match so many times more or less than the share are not used
RUNS, RUNS_TO_TELL, RUNS_OF_SLOW, SLOW = 25, 200, 5, 0.1  # seconds
BOUND = 0.05  # seconds
TEXTS = ("title", "subtitle", "publisher", "language", "series")
NUMBERS = ("id", "page_count", "series_position", "created_at", "updated_at")
SORTS = ["", *(f"{sign}{name}" for name in BOOKS.sorts for sign in ("", "-"))]

Fetch = Callable[..., list[tuple[Any, ...]]]


@dataclass(frozen=True)
class FilterValue:
    """A filter with a value, and the share of the books that match."""

    parameter: str
    value: str
    share: float


@dataclass(frozen=True)
class Timing:
    """The seconds of a filter with a sort (median and p99), with the plan if they exceed the bound."""

    filter: FilterValue
    sort: str
    p50: float
    p99: float
    plan: str = ""


class Values:
    """Selects values of a catalog by the number of books that match."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch
        self.books = int(fetch("SELECT count(*) FROM books")[0][0])

    def filters(self) -> Iterator[FilterValue]:
        """Yield the filters to measure: for each operator the value nearest to each share."""
        for parameter, found in self._candidates():
            taken = set()
            for share in SHARES:
                usable = [(value, count) for value, count in found.items() if count and 0 < count < self.books]
                if not usable:
                    continue
                value, count = min(usable, key=lambda pair: abs(math.log(pair[1] / self.books / share)))
                distance = count / self.books / share
                if value not in taken and 1 / NEAR <= distance <= NEAR:
                    taken.add(value)
                    yield FilterValue(parameter, value, count / self.books)

    def _candidates(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield parameters, each with values and the exact or approximate number of matching books."""
        for name in TEXTS:
            exact = self._counts(name)
            yield name, exact
            yield f"{name}[in]", self._lists(exact)
            yield f"{name}[ne]", {value: self.books - count for value, count in list(exact.items())[:200]}
            yield f"{name}[contains]", self._words(name)
            yield f"{name}[starts]", self._prefixes(name)
        for name in ("subtitle", "isbn", "published", "publisher", "language", "page_count", "series"):
            yield f"{name}[null]", self._nulls(f"{name} IS NULL")
        yield "series_position[null]", self._nulls("series_position IS NULL")
        yield "subjects[null]", self._nulls("subjects = '{}'")
        yield "author_id[null]", self._nulls("NOT EXISTS (SELECT FROM contributions WHERE book_id = books.id)")
        for name in NUMBERS:
            yield from self._ranges(name, name)
        yield from self._ranges("published", "published_key")
        years = self._counts("left(published, 4)")
        yield "published", years
        yield "published[in]", self._lists(years)
        yield "isbn", self._some("isbn")
        yield "isbn[in]", self._lists(self._some("isbn"))
        yield "isbn[ne]", {value: self.books - count for value, count in self._some("isbn").items()}
        found = self._some("'openlibrary:' || (identifiers #>> '{openlibrary,0}')")
        yield "identifier", found
        yield "identifier[in]", self._lists(found)
        yield "identifier[ne]", dict.fromkeys(found, self.books - 1)
        subjects = self._counted("SELECT unnest(subjects), count(*) FROM books GROUP BY 1")
        yield "subjects", subjects
        yield "subjects[in]", self._lists(subjects)
        yield "subjects[ne]", {value: self.books - count for value, count in list(subjects.items())[:200]}
        yield from self._of_contributions()

    def _of_contributions(self) -> Iterator[tuple[str, dict[str, int]]]:
        roles = self._counted("SELECT role, count(DISTINCT book_id) FROM contributions GROUP BY 1")
        yield "role", roles
        yield "role[in]", self._lists(roles)
        yield "role[ne]", {role: self.books - count for role, count in roles.items()}
        ids = self._counted("SELECT author_id, count(DISTINCT book_id) FROM contributions GROUP BY 1")
        yield "author_id", ids
        yield "author_id[in]", self._lists(ids)
        yield "author_id[ne]", {value: self.books - count for value, count in list(ids.items())[:50]}
        for operator, shares in (("lt", SHARES), ("gte", [1 - share for share in SHARES])):
            places = self.fetch(
                "SELECT percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY author_id) FROM contributions",
                [list(shares)],
            )[0][0]
            sign = {"lt": "<", "gte": ">="}[operator]
            counted = f"SELECT count(DISTINCT book_id) FROM contributions WHERE author_id {sign} %s"
            yield f"author_id[{operator}]", {str(place): self.fetch(counted, [place])[0][0] for place in places}
        whole = self._counted(
            "SELECT name, count(DISTINCT book_id) FROM authors JOIN contributions ON author_id = id GROUP BY 1"
        )
        yield "author", whole
        yield "author[in]", self._lists(whole)
        yield "author[ne]", {value: self.books - count for value, count in list(whole.items())[:20]}
        words = self._counted(
            "SELECT word, count(DISTINCT book_id) FROM authors JOIN contributions ON author_id = id, "
            "LATERAL regexp_split_to_table(fold(name), ' ') AS word GROUP BY 1"
        )
        yield "author[contains]", {word: count for word, count in words.items() if "." not in word}
        firsts = self._counted(
            "SELECT left(fold(name), size), count(DISTINCT book_id) FROM authors JOIN contributions ON author_id = id, "
            "generate_series(1, 8) AS size GROUP BY 1"
        )
        yield "author[starts]", {value: count for value, count in firsts.items() if value == value.strip()}

    def _counts(self, expression: str) -> dict[str, int]:
        return self._counted(f"SELECT {expression}, count(*) FROM books WHERE {expression} IS NOT NULL GROUP BY 1")

    def _counted(self, sql: str) -> dict[str, int]:
        rows = sorted(self.fetch(sql), key=lambda row: (-row[1], str(row[0])))
        return {str(value): count for value, count in rows if str(value).strip()}

    def _some(self, expression: str) -> dict[str, int]:
        rows = self.fetch(
            f"SELECT {expression} FROM books WHERE {expression} IS NOT NULL AND id % 7919 = 0 ORDER BY id"
        )
        return {str(value): 1 for (value,) in rows}

    def _lists(self, counts: dict[str, int]) -> dict[str, int]:
        """Return lists of values without commas, for `in`."""
        plain = [(value, count) for value, count in counts.items() if "," not in value]
        found = {}
        for start in (0, len(plain) // 100, len(plain) // 2):
            for size in (2, 5, 10, 20):
                part = plain[start : start + size]
                found[",".join(value for value, _ in part)] = sum(count for _, count in part)
        return found

    def _words(self, name: str) -> dict[str, int]:
        words = self._counted(
            "SELECT word, count(*) FROM books, "
            f"LATERAL (SELECT DISTINCT regexp_split_to_table(fold({name}), ' ') AS word) AS words "
            f"WHERE {name} IS NOT NULL GROUP BY 1"
        )
        letters = {
            letter: int(self.fetch(f"SELECT count(*) FROM books WHERE fold({name}) LIKE %s", [f"%{letter}%"])[0][0])
            for letter in ("e", "th", "the", "in")
        }
        return {word: count for word, count in words.items() if len(word) > 3} | letters

    def _prefixes(self, name: str) -> dict[str, int]:
        found = self._counted(
            f"SELECT left(fold({name}), size), count(*) FROM books, generate_series(1, 9) AS size "
            f"WHERE {name} IS NOT NULL GROUP BY 1"
        )
        return {prefix: count for prefix, count in found.items() if prefix == prefix.strip()}

    def _nulls(self, condition: str) -> dict[str, int]:
        unknown = int(self.fetch(f"SELECT count(*) FROM books WHERE {condition}")[0][0])
        return {"true": unknown, "false": self.books - unknown}

    def _ranges(self, name: str, column: str) -> Iterator[tuple[str, dict[str, int]]]:
        known = int(self.fetch(f"SELECT count({column}) FROM books")[0][0])
        for operator, low in (("lt", True), ("lte", True), ("gt", False), ("gte", False)):
            found = {}
            for share in SHARES:
                part = min(1.0, share * self.books / known)
                value = self.fetch(
                    f"SELECT percentile_disc(%s) WITHIN GROUP (ORDER BY {column}) FROM books",
                    [part if low else 1 - part],
                )[0][0]
                if column == "published_key":
                    value = str(value // 10_000)
                if hasattr(value, "isoformat"):
                    value = value.isoformat().replace("+00:00", "Z")
                sign = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[operator]
                edge = (
                    int(value) * 10_000 + (9999 if operator in ("lte", "gt") else 0)
                    if column == "published_key"
                    else value
                )
                count = int(self.fetch(f"SELECT count(*) FROM books WHERE {column} {sign} %s", [edge])[0][0])
                found[str(value)] = count
            yield f"{name}[{operator}]", found


def measure(cursor: Any, only: str = "") -> Iterator[Timing]:
    """Time every filter with every sort, over a cursor of a connection in autocommit."""

    def fetch(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        cursor.execute(sql, values)
        return list(cursor.fetchall())

    for filter_ in Values(fetch).filters():
        if only in filter_.parameter:
            yield from (_time(cursor, filter_, sort) for sort in SORTS)


def nearest_share(share: float) -> float:
    """Return the one of `SHARES` that is nearest to a share."""
    return min(SHARES, key=lambda target: abs(math.log(share / target)))


def _time(cursor: Any, filter_: FilterValue, sort: str) -> Timing:
    pairs = [(filter_.parameter, filter_.value), *([("sort", sort)] if sort else [])]
    plan = plan_page(BOOKS, parse_query(BOOKS, "books", pairs))
    statement, values = plan.statement, plan.statement.constants | plan.values
    times: list[float] = []

    def run(most: int) -> None:
        while len(times) < most and not (len(times) >= RUNS_OF_SLOW and min(times) > SLOW):
            started = time.perf_counter()
            cursor.execute(statement.sql, values)
            cursor.fetchall()
            times.append(time.perf_counter() - started)

    run(RUNS)
    if max(times) > BOUND:  # more runs tell a slow statement from a temporary delay
        run(RUNS_TO_TELL)
    times.sort()
    p99 = times[math.ceil(len(times) * 0.99) - 1]
    plan = ""
    if p99 > BOUND:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement.sql}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    return Timing(filter_, sort, times[len(times) // 2], p99, plan)
