"""Pages deep in the catalog: what a cursor near the end reads beside the first page, for every sort; and how much more
a page and a book read in a catalog that is a hundred times as large.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

from app import statements
from app.books.schemas import BOOKS
from app.query import SortKey
from app.shapes import Shape
from extensions.statement import Statement

FIELDS = tuple(BOOKS.fields)
NEAR_THE_END = 1000  # rows before it
RUNS = 9
KNOWN: dict[Any, Any] = {}  # what the connection knows by name
BOUND = 0.05  # seconds, for a page sorted by two keys


@dataclass(frozen=True)
class Depth:
    """Buffers that the first page of a sort reads and one near the end, and the seconds of the latter."""

    sort: str
    first: int
    deep: int
    seconds: float


def single_keys(cursor: Any) -> Iterator[Depth]:
    """Every sort by one key, in both directions."""
    for name in BOOKS.sorts:
        for descending in (False, True):
            yield _depth(cursor, (SortKey(name, descending),))


def two_keys(cursor: Any) -> Iterator[Depth]:
    """Every sort by two keys, in all directions."""
    for first, second in permutations(BOOKS.sorts, 2):
        for descending in ((False, False), (False, True), (True, False), (True, True)):
            yield _depth(cursor, (SortKey(first, descending[0]), SortKey(second, descending[1])))


def growth(cursor: Any, books: int) -> dict[str, int]:
    """Buffers that a page from the middle and a book read."""
    KNOWN.clear()  # it is another connection
    page = statements.page(BOOKS, Shape(fields=FIELDS, resumes=True, limit=21))
    book = statements.one(BOOKS, FIELDS)
    places = [books * part // 23 for part in range(1, 23)]
    return {
        "page of 20": round(statistics.mean(buffers(cursor, page, {"k0": place})[0] for place in places)),
        "book": round(statistics.mean(buffers(cursor, book, {"id": place})[0] for place in places), 1),
    }


def buffers(cursor: Any, statement: Statement, values: dict[str, Any]) -> tuple[int, float]:
    """Buffers that a statement reads when it is run as the service runs it, and its seconds (the median of several)."""
    seconds = []
    for _ in range(RUNS):  # enough for Postgres to settle on one plan of a prepared statement
        started = time.perf_counter()
        statement.run(cursor, KNOWN, values)
        cursor.fetchall()
        seconds.append(time.perf_counter() - started)
    explain = replace(
        statement, sql=f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, TIMING off) {statement.sql}", prepared=None
    )
    if statement.prepared:
        arguments = ", ".join(f"%({name})s" for name in statement.parameters)
        sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, TIMING off) EXECUTE {statement.name}"
        explain = replace(explain, sql=f"{sql}({arguments})" if arguments else sql)
    explain.run(cursor, KNOWN, values)
    plan = cursor.fetchone()[0][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], statistics.median(seconds)


def _depth(cursor: Any, sort: tuple[SortKey, ...]) -> Depth:
    keys = sort if sort[-1].name == "id" or sort[0].name == "id" else (*sort, SortKey("id", sort[-1].descending))
    if sort[0].name == "id":
        keys = sort[:1]
    first = statements.page(BOOKS, Shape(fields=FIELDS, sort=keys, limit=21))
    deep = statements.page(BOOKS, Shape(fields=FIELDS, sort=keys, resumes=True, limit=21))
    # From the other end: the keys of the row that stands so many rows before the last one.
    back = statements.page(BOOKS, Shape(fields=("id",), sort=keys, backwards=True, skips=True))
    cursor.execute(back.sql, back.constants | {"limit": 1, "offset": NEAR_THE_END})
    edge = json.loads(cursor.fetchone()[1])
    values = deep.constants | {f"k{place}": key for place, key in enumerate(edge)}
    read, seconds = buffers(cursor, deep, values)
    written = ",".join(f"{'-' if key.descending else ''}{key.name}" for key in sort)
    return Depth(written, buffers(cursor, first, {})[0], read, seconds)
