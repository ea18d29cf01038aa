"""Bad queries of `/changes` get the problem of the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.contract.hostile.bad_requests import Row
from tests.contract.hostile.problems import check_problem, send_row
from tests.support.databases import execute

POSITIONS = (
    ("blank", ""),
    ("a space", "%20"),
    ("negative", "-1"),
    ("a minus zero", "-0"),
    ("a plus", "%2B1"),
    ("a plus that is a space", "+1"),
    ("a fraction", "1.0"),
    ("an exponent", "1e0"),
    ("a leading zero", "01"),
    ("hexadecimal", "0x1"),
    ("an underscore", "1_0"),
    ("a comma", "1,2"),
    ("Arabic digits", "%D9%A1"),
    ("a superscript", "%C2%B2"),
    ("full-width digits", "%EF%BC%91"),
    ("a word", "latest"),
    ("NOW", "NOW"),
    ("now and a space", "now%20"),
    ("null", "null"),
    ("a time", "2026-01-31T12:00:00Z"),
    ("a NUL", "%00"),
    ("a NUL behind a digit", "1%00"),
    ("a line break behind a digit", "1%0A"),
    ("SQL", "1;%20DROP%20TABLE%20changes"),
    ("quotes", "'1'"),
    ("40 digits", "9" * 40),
    ("4,000 digits", "9" * 4000),
)
AHEAD = ("4", "100", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 31)
QUERIES = (  # query, code, parameter, text of the detail
    ("since=1&since=2", "repeated", "since", "send it once"),
    ("since=now&since=now", "repeated", "since", "send it once"),
    ("since[gt]=1", "unknown", "since[gt]", "write since=value"),
    ("limit=0", "out_of_range", "limit", "between 1 and 100"),
    ("limit=101", "out_of_range", "limit", "between 1 and 100"),
    ("limit=-1", "invalid", "limit", "an integer"),
    ("limit=1.0", "invalid", "limit", "an integer"),
    ("limit=", "invalid", "limit", "an integer"),
    ("limit=%D9%A1", "invalid", "limit", "an integer"),
    ("limit=99999999999999999999", "invalid", "limit", "an integer"),
    ("limit=1&limit=1", "repeated", "limit", "send it once"),
    ("resource=book", "not_allowed", "resource", "Did you mean books?"),
    ("resource=accounts", "not_allowed", "resource", "Allowed: authors, books."),
    ("resource=tokens", "not_allowed", "resource", "Allowed: authors, books."),
    ("resource=Books", "not_allowed", "resource", "Did you mean books?"),
    ("resource=", "blank", "resource", "send a value"),
    ("resource=books,authors", "not_allowed", "resource", "write resource[in]=books,authors"),
    ("resource[in]=books,migrations", "not_allowed", "resource[in]", "'migrations'"),
    ("resource[ne]=books", "unknown", "resource[ne]", "no operator 'ne'"),
    ("resource[]=books", "unknown", "resource[]", "no operator"),
    ("op=update", "not_allowed", "op", "Did you mean updated?"),
    ("op=%00", "not_allowed", "op", "Allowed: created"),
    ("op='%20OR%201=1", "not_allowed", "op", "Allowed: created, deleted, merged, unmerged, updated."),
    ("op[in]=created,", "blank", "op[in]", "blank"),
    ("op[eq]=created", "unknown", "op[eq]", "write op=value"),
    ("op[contains]=e", "unknown", "op[contains]", "no operator 'contains'"),
    ("operation=created", "unknown", "operation", "Allowed: limit, op, resource, since."),
    ("sinse=1", "unknown", "sinse", "Did you mean since?"),
    ("cursor=abc", "unknown", "cursor", "no parameter 'cursor'"),
    ("offset=1", "unknown", "offset", "no parameter 'offset'"),
    ("sort=id", "unknown", "sort", "no parameter 'sort'"),
    ("fields=id", "unknown", "fields", "no parameter 'fields'"),
    ("format=csv", "unknown", "format", "no parameter 'format'"),
    ("account_id=1", "unknown", "account_id", "no parameter 'account_id'"),
    ("%FF=1", "invalid_character", "", "percent-encode it as UTF-8"),
    ("since=%ED%A0%80", "invalid_character", "", "percent-encode it as UTF-8"),
)
ROWS = [
    *(
        Row(f"since: {name}", "GET", f"/changes?since={text}", 400, code="invalid", at="since", detail="now")
        for name, text in POSITIONS
    ),
    *(
        Row(f"ahead: {text}", "GET", f"/changes?since={text}", 400, code="out_of_range", at="since", detail="at most 3")
        for text in AHEAD
    ),
    *(
        Row(query, "GET", f"/changes?{query}", 400, code=code, at=at, detail=detail)
        for query, code, at, detail in QUERIES
    ),
    Row("expired", "GET", "/changes?since=0", 410, code="out_of_range", at="since", detail="Export the catalog again"),
    Row("expired by default", "GET", "/changes", 410, code="out_of_range", at="since", detail="no longer kept"),
    Row("POST", "POST", "/changes", 405),
    Row("DELETE", "DELETE", "/changes?since=1", 405),
    Row("a position in the path", "GET", "/changes/1", 404),
    *(
        Row(f"Accept: {accept}", "GET", "/changes?since=1", 406, None, {"Accept": accept}, "not_allowed", "Accept")
        for accept in ("text/csv", "application/x-ndjson", "text/html", "application/json;q=0", "*/*;q=0")
    ),
    Row("query before Accept", "GET", "/changes?since=x", 400, None, {"Accept": "text/csv"}, "invalid", "since"),
]


def fill(client: FlaskClient) -> None:
    """Three changes, of which the first is no longer kept."""
    for number in range(3):
        assert client.post("/books", json={"title": f"Book {number}"}).status_code == 201
    assert client.get("/changes?since=3").status_code == 200
    execute(client.application.config["DATABASE_URL"], "UPDATE change_feed SET pruned_position = 1")


@pytest.fixture(scope="module")
def changes_app(shared_catalog: Callable[..., FlaskClient]) -> Flask:
    return shared_catalog("bad_changes", fill).application


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row.name[:60]))
def test_a_bad_query_gets_a_clear_problem(changes_app: Flask, row: Row) -> None:
    response = send_row(changes_app, row)
    assert response.status_code == row.status, response.text[:500]
    document = check_problem(row.status, response.headers, response.data)
    if row.code is not None:
        found = [(error["code"], error.get("parameter"), error["detail"]) for error in document["errors"]]
        assert any((code, at) == (row.code, row.at) and row.detail in detail for code, at, detail in found), found


def test_all_faults_are_listed(changes_app: Flask) -> None:
    row = Row("", "GET", "/changes?since=x&limit=0&op=y&resource=z&page=2", 400)
    response = send_row(changes_app, row)
    document = check_problem(400, response.headers, response.data)
    assert {error["parameter"] for error in document["errors"]} == {"since", "limit", "op", "resource", "page"}


@pytest.mark.parametrize(
    "query",
    [
        "since=1",
        "since=3",
        "since=now",
        "limit=1&since=1",
        "op[in]=created,%20deleted&since=1",
        "since=1&",
        "&&since=1",
    ],
)
def test_a_query_that_only_looks_bad_is_accepted(changes_app: Flask, query: str) -> None:
    assert send_row(changes_app, Row("", "GET", f"/changes?{query}", 200)).status_code == 200


def test_names_of_rows_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) > 60
