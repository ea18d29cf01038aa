"""Walks all books by cursor, to the end and back, and checks that each occurs exactly once.

::

    python -m benchmarks.walk http://127.0.0.1:8000 [SORT ...]

`SORT` is the value of `sort`, "" for the default one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

SORTS = ("", "title", "-published,title", "-updated_at")
LIMIT = 100


class WalkFailed(Exception):
    """A walk missed a book, repeated one, or returned in another order."""


@dataclass
class Walk:
    """A walk to the end and back: rows and pages of one direction, and seconds of each."""

    rows: int
    pages: int
    forwards: float
    back: float

    def __str__(self) -> str:
        speed = 2 * self.pages / (self.forwards + self.back)
        return (
            f"{self.rows:,} rows in {self.pages:,} pages, {self.forwards:.1f} s to the end and {self.back:.1f} s "
            f"back, {speed:,.0f} pages/s"
        )


def walk(address: str, sort: str = "", limit: int = LIMIT) -> Walk:
    """Walk `/books` of the service at `address`. Raises `WalkFailed` unless each book occurs once in each direction."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        first = "/books?" + urlencode({"limit": limit, "total": "exact"} | ({"sort": sort} if sort else {}))
        total = _page(connection, first)["meta"]["total"]
        started = time.perf_counter()
        forwards = list(_pages(connection, first.replace("&total=exact", ""), "next"))
        turned = time.perf_counter()
        back = list(_pages(connection, forwards[-1]["links"]["self"], "prev"))
        ended = time.perf_counter()
    finally:
        connection.close()
    there = [book["id"] for page in forwards for book in page["data"]]
    here = [book["id"] for page in reversed(back) for book in page["data"]]
    for direction, ids in (("forwards", there), ("back", here)):
        if len(set(ids)) != len(ids):
            raise WalkFailed(f"{direction}, sort={sort!r}: {len(ids) - len(set(ids)):,} books came twice")
        if len(ids) != total:
            raise WalkFailed(f"{direction}, sort={sort!r}: {len(ids):,} books came, expected {total:,}")
    if there != here:
        place = next(place for place, (book, other) in enumerate(zip(there, here, strict=True)) if book != other)
        raise WalkFailed(f"sort={sort!r}: the way back differs in order from the way there, first at row {place:,}")
    return Walk(total, len(forwards), turned - started, ended - turned)


def _pages(connection: HTTPConnection, target: str | None, link: str) -> Iterator[dict[str, Any]]:
    while target:
        page = _page(connection, target)
        yield page
        target = page["links"][link]


def _page(connection: HTTPConnection, target: str) -> dict[str, Any]:
    connection.request("GET", target)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise WalkFailed(f"GET {target} returned {response.status}: {body[:500].decode(errors='replace')}")
    return dict(json.loads(body))


def main() -> None:
    """Walk with each sort, and print the results."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m benchmarks.walk ADDRESS [SORT ...]")
    try:
        for sort in sys.argv[2:] or SORTS:
            print(f"sort={sort or '(default)'}: {walk(sys.argv[1], sort)}", flush=True)
    except WalkFailed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
