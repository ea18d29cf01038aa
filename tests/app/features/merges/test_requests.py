"""Merge requests: what is refused, preconditions, dry runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from .records import Add, Row, ids


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/from", "required"),
        ({"from": None}, "/from", "required"),
        ({"from": []}, "/from", "too_few"),
        ({"from": 2}, "/from", "type"),
        ({"from": ["2"]}, "/from/0", "type"),
        ({"from": [0]}, "/from/0", "out_of_range"),
        ({"from": [2, 2]}, "/from/1", "duplicate"),
        ({"from": [1]}, "/from/0", "mismatch"),
        ({"from": [2, 99]}, "/from/1", "not_found"),
        ({"from": [2], "into": 1}, "/into", "unknown"),
        ({"from": list(range(2, 103))}, "/from", "too_many"),
        ([2], "", "type"),
    ],
)
@pytest.mark.parametrize("path", ["/authors", "/books"])
def test_a_bad_merge_body_is_refused(
    client: FlaskClient, rows: Callable[[], Any], path: str, body: Any, pointer: str, code: str
) -> None:
    client.post(path, json=[{"name": "A"} if path == "/authors" else {"title": "A"}] * 2)
    before = rows()
    response = client.post(f"{path}/1/merge", json=body)
    assert response.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in response.json["errors"]] == [(pointer, code)]
    assert rows() == before


def test_faults_are_judged_in_the_order_of_every_write(client: FlaskClient, add_author: Add) -> None:
    stale = {"If-Match": '"x"'}
    assert client.post("/authors/1/merge?dry=1", data="{").status_code == 400
    assert client.post("/authors/1/merge?dry_run=yes", json={"from": [2]}).json["errors"][0]["parameter"] == "dry_run"
    assert client.post("/authors/1/merge", data="{", headers={"Accept": "text/html"}).status_code == 406
    assert client.post("/authors/1/merge", data="{").status_code == 415
    assert client.post("/authors/1/merge").status_code == 415
    assert client.post("/authors/1/merge", data="{", content_type="application/json").status_code == 400
    assert client.post("/authors/1/merge", json={}, headers=stale).status_code == 404
    add_author()
    assert client.post("/authors/1/merge", json={}, headers=stale).status_code == 412
    assert client.post("/authors/1/merge", json={}).status_code == 422
    assert client.post("/authors/1/unmerge", json={"from": [1]}, headers=stale).status_code == 412
    assert client.post("/authors/1/unmerge", json={"from": [9]}).json["errors"][0]["code"] == "not_found"
    assert client.post("/authors/1/unmerge").status_code == 409


@pytest.mark.parametrize("action", ["merge", "unmerge"])
def test_merges_honour_if_match(client: FlaskClient, add_author: Add, merge: Callable[..., Row], action: str) -> None:
    survivor, old = add_author(name="S")["id"], add_author(name="O")["id"]
    if action == "unmerge":
        merge(f"/authors/{survivor}", old)
    tag = client.get(f"/authors/{survivor}").headers["ETag"]
    done = client.post(f"/authors/{survivor}/{action}", json={"from": [old]}, headers={"If-Match": tag})
    assert done.status_code == 200
    assert done.headers["ETag"] == client.get(f"/authors/{survivor}").headers["ETag"] != tag
    assert (
        client.post(f"/authors/{survivor}/{action}", json={"from": [old]}, headers={"If-Match": tag}).status_code == 412
    )


def test_merging_a_merged_author_is_refused(client: FlaskClient, add_author: Add, merge: Callable[..., Row]) -> None:
    first, second, third = ids([add_author(name=name) for name in "ABC"])
    merge(f"/authors/{first}", second)
    for survivor, old in ((second, first), (third, second), (first, second)):
        response = client.post(f"/authors/{survivor}/merge", json={"from": [old]})
        assert response.status_code == 409
        assert response.headers["Link"] == f'</authors/{first}>; rel="related"'


@pytest.mark.parametrize("path", ["/authors", "/books"])
def test_a_dry_run_shows_the_result_and_changes_nothing(
    client: FlaskClient, add_author: Add, add_book: Add, rows: Callable[[], Any], path: str
) -> None:
    add = add_author if path == "/authors" else add_book
    survivor, old = add()["id"], add(identifiers={"viaf": ["1"]})["id"]
    before = rows()
    shown = client.post(f"{path}/{survivor}/merge?dry_run=true", json={"from": [old]})
    assert (shown.status_code, "ETag" in shown.headers, shown.headers["Cache-Control"]) == (200, False, "no-store")
    assert rows() == before
    done = client.post(f"{path}/{survivor}/merge?dry_run=false", json={"from": [old]}).json
    assert shown.json | {"updated_at": ""} == done | {"updated_at": ""}
    after = rows()
    shown = client.post(f"{path}/{survivor}/unmerge?dry_run=true")
    assert (shown.status_code, rows()) == (200, after)
    assert shown.json == client.post(f"{path}/{survivor}/unmerge").json
    assert rows() == before
