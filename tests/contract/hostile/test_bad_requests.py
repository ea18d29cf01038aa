"""Bad input of every kind gets the problem of the contract and changes nothing."""

from __future__ import annotations

import pytest
from flask import Flask

from .bad_requests import (
    HARMLESS,
    JSON,
    METHODS,
    Row,
    encoded,
    rows,
)
from .problems import check_problem, parts, send_row

ROWS = list(rows())


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row.name))
def test_bad_input_gets_a_clear_problem_and_changes_nothing(hostile_app: Flask, row: Row) -> None:
    response = send_row(hostile_app, row)
    assert response.status_code == row.status, response.text[:500]
    if row.method == "HEAD":
        assert response.data == b""
        return
    document = check_problem(row.status, response.headers, response.data)
    if row.code is not None:
        errors = [error for error in document["errors"] if error["code"] == row.code]
        assert errors, document["errors"]
        if row.at is not None:
            # Characters that must not be shown are replaced in a response.
            errors = [error for error in errors if row.at in (error.get("pointer"), error.get("parameter"))]
            assert errors, document["errors"]
        assert any(row.detail in error["detail"] for error in errors), errors
    if row.status == 405:
        assert response.headers["Allow"] == METHODS.get(row.target, METHODS["/books/1"])


def test_the_table_is_large_and_names_each_row_once() -> None:
    assert len(ROWS) >= 150
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {row.status for row in ROWS} >= {400, 404, 405, 406, 409, 412, 413, 414, 415, 422}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("target", "status"), HARMLESS)
def test_input_that_only_looks_bad_is_accepted(hostile_app: Flask, target: str, status: int) -> None:
    response = send_row(hostile_app, Row("", "GET", target, status))
    assert response.status_code == status, response.text[:500]


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("length", "status"), [(4096, 200), (4097, 414)])
def test_a_url_may_have_4096_bytes(hostile_app: Flask, length: int, status: int) -> None:
    target = "/books?title=x&publisher=" + "x" * 900 + "&series=" + "y" * 900 + "&subtitle=" + "z" * 900 + "&id="
    target += ",".join(["1"] * 600)
    target = target.replace("&id=", "&id[in]=")
    target += "1" * (length - len(target))
    while len(target.rpartition(",")[2]) > 10:
        index = target.rfind(",") + 11
        target = target[:index] + "," + target[index + 1 :]
    assert len(target) == length
    assert send_row(hostile_app, Row("", "GET", target, status)).status_code == status


def test_every_fault_is_listed_up_to_100(hostile_app: Flask) -> None:
    document = {f"x{number}": 1 for number in range(149)}
    response = send_row(hostile_app, Row("", "POST", "/books", 422, encoded(document), {"Content-Type": JSON}))
    problem = check_problem(422, response.headers, response.data)
    assert len(problem["errors"]) == 100
    assert "150" in problem["detail"]


def test_faults_of_several_fields_are_listed_together(hostile_app: Flask) -> None:
    document = [
        {"title": "Dune", "isbn": "1"},
        {"page_count": "12", "x": 1, "authors": [{"id": 1, "role": "king"}, {}]},
    ]
    response = send_row(hostile_app, Row("", "POST", "/books", 422, encoded(document), {"Content-Type": JSON}))
    problem = check_problem(422, response.headers, response.data)
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/0/isbn", "invalid_isbn"),
        ("/1/title", "required"),
        ("/1/page_count", "type"),
        ("/1/x", "unknown"),
        ("/1/authors/0/role", "not_allowed"),
        ("/1/authors/1", "required"),
    }
    problem = check_problem(
        *parts(send_row(hostile_app, Row("", "GET", "/books?limit=0&sort=x&nothing=1&page_count=y", 400)))
    )
    assert {error["parameter"] for error in problem["errors"]} == {"limit", "sort", "nothing", "page_count"}
