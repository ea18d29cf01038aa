"""Any query returns a page or a 400, and links preserve their query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.parameters import LIST_PARAMETERS
from app.core.query.pairs import canonical, parse_pairs
from app.core.query.parse import parse_query
from app.http.problems import CODES, InvalidCursor, InvalidQuery

RESOURCES = {"books": BOOKS, "authors": AUTHORS}
STRICT = settings(deadline=None, max_examples=200)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.one_of(
    st.sampled_from(
        [
            "1",
            "0",
            "-1",
            "1.5",
            "1e3",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999999",
            "true",
            "false",
            "null",
            "",
            " ",
            ",",
            "a,b",
            ",,",
            "1990",
            "1990-05",
            "-0044",
            "0000",
            "10000-01-01",
            "9999-12-31",
            "2024-02-29",
            "2026-01-31T12:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59.999999999-23:59",
            "24:00",
            "9780441478125",
            "0-441-47812-3",
            "isbn:0441478123",
            "openlibrary:OL1",
            "a:",
            ":",
            "en",
            "pt-br",
            "author",
            "%",
            "_",
            "\\",
            "'",
            "\x00",
            "\u202e",
            "x" * 300,
            "id",
            "-id",
            "title,-id",
            "exact",
            "estimated",
            "é",
            "\N{OGHAM SPACE MARK}",
            "2026-01-31T12:00:60Z",
            "0001-01-01",
            "NaN",
            "Infinity",
            "١",
            "--1",
            "+1",
            "0x10",
            "1_0",
        ]
    ),
    texts,
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.lists(texts, max_size=4).map(",".join),
)
operators = st.sampled_from(
    ["", "eq", "ne", "in", "lt", "lte", "gt", "gte", "contains", "starts", "has", "null", "like"]
)


def pairs_of(resource: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Mostly known parameters, with values of every kind."""
    known = st.tuples(st.sampled_from(sorted(RESOURCES[resource].filters)), operators).map(
        lambda pair: f"{pair[0]}[{pair[1]}]" if pair[1] else pair[0]
    )
    names = st.one_of(known, known, st.sampled_from(LIST_PARAMETERS), texts)
    return st.lists(st.tuples(names, values), max_size=4)


def good_pairs_of(resource: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Valid parameters of a list."""
    fitting: dict[str, st.SearchStrategy[str]] = {
        "text": st.text("aÉ%_\\ b", min_size=1, max_size=6).filter(lambda text: text.strip() != ""),
        "date": st.sampled_from(["1990", "1990-05", "1990-05-17", "-0044"]),
        "number": st.integers(1, 10**6).map(str),
        "timestamp": st.sampled_from(["2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5+02:00"]),
    }
    special: dict[str, st.SearchStrategy[str]] = {
        "isbn": st.sampled_from(["9780441478125", "0-441-47812-3"]),
        "language": st.sampled_from(["en", "PT-br"]),
        "identifier": st.sampled_from(["openlibrary:OL1", "isbn:0441478123", "a:b:c"]),
        "subjects": fitting["text"],
        "role": st.sampled_from(["author", "translator"]),
    }

    @st.composite
    def pair(draw: st.DrawFn) -> tuple[str, str]:
        name = draw(st.sampled_from(sorted(RESOURCES[resource].filters)))
        filter_ = RESOURCES[resource].filters[name]
        operator = draw(st.sampled_from(filter_.operators))
        if operator == "null":
            return f"{name}[null]", draw(st.sampled_from(["true", "false"]))
        value = draw(special[name] if name in special else fitting[filter_.type.order or "text"])
        return (name if operator in ("eq", "has") else f"{name}[{operator}]"), value

    sorts = st.lists(st.sampled_from(RESOURCES[resource].sorts), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names))
    )
    fields = st.lists(st.sampled_from(sorted(RESOURCES[resource].fields)), min_size=1, max_size=4, unique=True)
    page = st.fixed_dictionaries(
        {},
        optional={
            "limit": st.integers(1, 100).map(str),
            "total": st.sampled_from(["exact", "estimated"]),
            "sort": sorts.map(",".join),
            "fields": fields.map(",".join),
            "offset": st.integers(0, 10).map(str),
        },
    )
    filters = st.lists(pair(), max_size=3, unique_by=lambda pair: pair[0])
    return st.tuples(filters, page).map(lambda both: [*both[0], *both[1].items()])


@pytest.fixture(scope="module")
def client(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[FlaskClient]:
    client = make_app(DATABASE_URL=new_database("grammar")).test_client(use_cookies=False)
    for number in range(8):
        published = ["1990", "1990-05", None, "-0044"][number % 4]
        book = {
            "title": f"aÉ {number}%",
            "published": published,
            "language": "en",
            "subjects": ["a"],
            "authors": [{"name": f"A {number % 3}"}],
            "page_count": number or None,
        }
        assert client.post("/books", json=book).status_code == 201
    return client


def judge(response: Any) -> None:
    """Check that a response is a page, or a 400 with documented codes."""
    if response.status_code == 200:
        assert set(response.json) == {"data", "meta", "links"}
        return
    assert response.status_code == 400, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json["errors"]
    assert all(error["code"] in CODES and error["in"] == "query" for error in response.json["errors"])


@STRICT
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=60))
def test_any_query_string_is_a_page_or_a_400(client: FlaskClient, text: str) -> None:
    judge(client.get(f"/books?{text}"))


@STRICT
@given(st.binary(max_size=30))
def test_any_bytes_in_a_query_get_a_page_or_400(client: FlaskClient, data: bytes) -> None:
    judge(client.get(f"/books?title={quote(data)}"))
    judge(client.get(f"/authors?{quote(data)}=1"))


@STRICT
@given(st.data(), st.sampled_from(["books", "authors"]))
def test_any_parameters_are_a_page_or_a_400(client: FlaskClient, data: st.DataObject, resource: str) -> None:
    pairs = data.draw(pairs_of(resource))
    judge(client.get(f"/{resource}", query_string=pairs))


@STRICT
@given(st.data(), st.sampled_from(["books", "authors"]))
def test_the_links_of_a_page_keep_its_query(client: FlaskClient, data: st.DataObject, resource: str) -> None:
    response = client.get(f"/{resource}", query_string=data.draw(good_pairs_of(resource)))
    assert response.status_code == 200, response.text
    page = response.json
    again = client.get(page["links"]["self"]).json
    assert again["data"] == page["data"]
    assert again["links"]["self"] == page["links"]["self"]
    for name, back in (("next", "prev"), ("prev", "next")):
        link = page["links"][name]
        if link:
            other = client.get(link).json
            assert other["meta"]["limit"] == page["meta"]["limit"]
            assert other["meta"].get("total") == page["meta"].get("total")
            if page["data"]:
                returned = client.get(other["links"][back]).json["data"]
                overlap = min(len(returned), len(page["data"]))
                ends = (
                    (returned[-overlap:], page["data"][-overlap:])
                    if name == "next"
                    else (returned[:overlap], page["data"][:overlap])
                )
                assert ends[0] == ends[1]


@STRICT
@given(st.data(), st.sampled_from(["books", "authors"]))
def test_a_canonical_query_means_the_same(data: st.DataObject, resource: str) -> None:
    pairs = data.draw(st.one_of(good_pairs_of(resource), pairs_of(resource)))
    try:
        read = parse_query(RESOURCES[resource], resource, pairs)
    except (InvalidQuery, InvalidCursor):
        return
    again = parse_pairs(canonical(pairs).encode())
    assert sorted(again) == sorted(pairs)
    other = parse_query(RESOURCES[resource], resource, again)
    assert set(other.conditions) == set(read.conditions)
    assert (other.sort, other.fields, other.limit, other.offset, other.total) == (
        read.sort,
        read.fields,
        read.limit,
        read.offset,
        read.total,
    )
    assert canonical(again) == canonical(pairs)


@STRICT
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))), max_size=6
    )
)
def test_a_canonical_query_is_ascii_and_splits_into_its_pairs(pairs: list[tuple[str, str]]) -> None:
    text = canonical(pairs)
    assert text.isascii()
    assert not set(text) & set(' "<>#[]\n')
    assert urlsplit(f"/books?{text}").query == text
    assert parse_pairs(text.encode()) == sorted(pairs)
