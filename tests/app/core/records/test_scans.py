"""A filter that no index serves is refused in a large catalog, and slow reads leave slots to quick ones."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.records.scans import has_trigram
from extensions.database import Share
from extensions.database.engine import ADMISSION
from tests.support.databases import execute

SHORT = ["e", "qx", "--", "a-", "ab", "e\u0301q"]
LONG = ["the", "a-b-c", "a,b", " q", "x y", "q!x", "ab ", "東", "の", "한", "a東"]


@pytest.fixture
def large(make_app: Callable[..., Flask], app: Flask, add_book: Callable[..., Any], database_url: str) -> FlaskClient:
    """A client of a catalog of two books, which is large where one record is many."""
    for title in ("First", "Second"):
        add_book(title=title, isbn=None, authors=[{"name": f"Author of {title}"}])
    execute(database_url, "ANALYZE books, authors")
    return make_app(CONTAINS_SCAN_MAX_ROWS=1, CACHE_DEFAULT_TIMEOUT=0).test_client(use_cookies=False)


@pytest.mark.parametrize("value", SHORT)
@pytest.mark.parametrize("name", ["title", "subtitle", "publisher", "series", "author"])
def test_a_short_part_is_refused_in_a_large_catalog(large: FlaskClient, name: str, value: str) -> None:
    response = large.get("/books", query_string={f"{name}[contains]": value})
    assert response.status_code == 400
    [fault] = (response.json or {})["errors"]
    assert (fault["parameter"], fault["code"]) == (f"{name}[contains]", "too_short")
    assert f"{name}[starts]" in fault["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/authors?name[contains]=q",
        "/authors?sort_name[contains]=q",
        "/authors/1/books?format=csv&title[contains]=q&author_id[ne]=2",
        "/books?title[contains]=q&format=ndjson",
        "/books?title[contains]=q&language=en",
    ],
)
def test_a_short_part_is_refused_on_every_list(large: FlaskClient, path: str) -> None:
    expected = 200 if path.startswith("/authors/1/books") else 400
    assert large.get(path).status_code == expected


@pytest.mark.parametrize(
    "query",
    [
        *({"title[contains]": value} for value in LONG),
        {"title[starts]": "q"},
        {"title": "q"},
        {"q": "q"},
        {"title[contains]": "q", "id": "1"},
        {"title[contains]": "q", "identifier": "oclc:1"},
        {"language[starts]": "e"},
    ],
)
def test_what_an_index_serves_is_never_refused(large: FlaskClient, query: dict[str, str]) -> None:
    assert large.get("/books", query_string=query).status_code == 200


def test_a_small_catalog_takes_any_part(client: FlaskClient, large: FlaskClient) -> None:
    response = client.get("/books?title[contains]=s")
    assert [book["title"] for book in (response.json or {})["data"]] == ["First", "Second"]


@pytest.mark.parametrize(
    ("value", "has_one"), [*((value, False) for value in SHORT), *((value, True) for value in LONG)]
)
def test_a_value_has_a_trigram_as_in_postgres(database_url: str, value: str, has_one: bool) -> None:
    """Those of Han, kana and Hangul are allowed without one."""
    if not value.isascii() and has_one:
        return
    # The trigrams that any text with the value has, whatever letters stand around it.
    [[common]] = execute(
        database_url,
        "SELECT cardinality(ARRAY(SELECT unnest(show_trgm(fold('a' || %s || 'a'))) "
        "INTERSECT SELECT unnest(show_trgm(fold('b' || %s || 'b')))))",
        value,
        value,
    )
    assert has_trigram(value) == (common > 0) == has_one


@contextlib.contextmanager
def busy(app: Flask, share: Share) -> Iterator[None]:
    """Hold all slots of a share, while others come and go."""
    admission, done = app.extensions[ADMISSION], threading.Event()

    def come_and_go() -> None:
        while not done.wait(0.05):
            with admission.slot():
                pass

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        for _ in range(admission.most[share]):
            stack.enter_context(admission.slot(share=share))
        pool.submit(come_and_go)
        try:
            yield
        finally:
            done.set()


@pytest.mark.parametrize(
    "slow",
    [
        "/books?title[contains]=irs",
        "/books?q=first",
        "/books?total=exact",
        "/books?published[gte]=1990",
        "/books/duplicates",
        "/authors/duplicates",
    ],
)
def test_slow_reads_leave_slots_to_quick_ones(large: FlaskClient, slow: str) -> None:
    with busy(large.application, Share.SLOW_READS):
        for path in ("/books/1", "/books?limit=1", "/books?sort=-title", "/books?language=en&sort=title", "/authors/1"):
            assert large.get(path).status_code == 200
        response = large.get(slow)
    assert response.status_code == 503
    assert (response.json or {})["detail"].startswith("Too many requests of this kind")
    assert large.get(slow).status_code == 200
