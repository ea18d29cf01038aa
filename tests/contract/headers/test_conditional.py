"""ETags, If-None-Match and If-Match."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from .reads import READS, RECORDS, STRONG, change

Add = Callable[..., dict[str, Any]]

PROBLEM = "application/problem+json"


@pytest.mark.parametrize("path", READS)
def test_a_read_has_a_strong_and_stable_etag(filled: FlaskClient, path: str) -> None:
    first, second = filled.get(path), filled.get(path, headers={"Cache-Control": "no-cache"})
    assert STRONG.fullmatch(first.headers["ETag"])
    assert second.headers["ETag"] == first.headers["ETag"]


def matching(tag: str) -> tuple[tuple[str, int], ...]:
    """Values of If-None-Match, each with the status of the response for an ETag."""
    return (
        (tag, 304),
        (f"W/{tag}", 304),
        ("*", 304),
        (f'"other", {tag}', 304),
        (f'{tag} , "other"', 304),
        (f'W/"other",W/{tag}', 304),
        (f" {tag} ", 304),
        ('"other"', 200),
        (tag.strip('"'), 200),
        ('""', 200),
        ("", 200),
        (f'"{tag[1:-2]}"', 200),
        (f"w/{tag}", 200),
        (tag.upper().replace('"', "'"), 200),
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", READS)
def test_if_none_match_compares_weakly(filled: FlaskClient, path: str, method: str) -> None:
    full = filled.get(path)
    for sent, status in matching(full.headers["ETag"]):
        response = filled.open(path, method=method, headers={"If-None-Match": sent})
        assert response.status_code == status, sent
        assert response.headers["ETag"] == full.headers["ETag"]
        if status == 304:
            assert response.data == b""


@pytest.mark.parametrize("path", READS)
def test_a_304_has_the_headers_of_the_200(filled: FlaskClient, path: str) -> None:
    full = filled.get(path)
    response = filled.get(path, headers={"If-None-Match": full.headers["ETag"], "X-Request-ID": "mine"})
    assert response.status_code == 304
    for name in (
        "ETag",
        "Cache-Control",
        "Vary",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "X-Content-Type-Options",
    ):
        assert response.headers[name] == full.headers[name]
    assert response.headers["X-Request-ID"] == "mine"
    assert "Content-Type" not in response.headers
    assert "Content-Length" not in response.headers


@pytest.mark.parametrize("path", RECORDS)
def test_an_etag_changes_with_the_content(filled: FlaskClient, path: str) -> None:
    old = filled.get(path).headers["ETag"]
    written = filled.patch(path, json=change(path, "new"))
    assert written.headers["ETag"] != old
    assert filled.get(path, headers={"If-None-Match": old}).status_code == 200
    read = filled.get(path)
    assert read.headers["ETag"] == written.headers["ETag"]
    assert filled.get(path, headers={"If-None-Match": written.headers["ETag"]}).status_code == 304


def test_each_choice_of_fields_has_its_own_etag(filled: FlaskClient) -> None:
    tags = {
        filled.get(f"/books/1{query}").headers["ETag"]
        for query in ("", "?fields=id", "?fields=title", "?fields=id,title")
    }
    assert len(tags) == 4
    assert (
        filled.get("/books/1?fields=title,id").headers["ETag"] == filled.get("/books/1?fields=id,title").headers["ETag"]
    )
    partial = filled.get("/books/1?fields=id").headers["ETag"]
    assert filled.patch("/books/1", json={}, headers={"If-Match": partial}).status_code == 412


@pytest.mark.parametrize("path", ["/books/99", "/nothing", "/books?x=1"])
def test_an_error_is_never_a_304(filled: FlaskClient, path: str) -> None:
    response = filled.get(path, headers={"If-None-Match": "*"})
    assert response.status_code in (400, 404)
    assert "ETag" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", RECORDS)
def test_if_match_compares_strongly(filled: FlaskClient, path: str, method: str) -> None:
    before = filled.get(path)
    tag = before.headers["ETag"]
    body = {} if method == "DELETE" else {"json": change(path, "new")}
    for sent in (
        f"W/{tag}",
        '"other"',
        tag.strip('"'),
        f'"other", W/{tag}',
        '""',
        "other",
        f"w/{tag}",
        f'"{tag[1:-2]}"',
    ):
        response = filled.open(path, method=method, headers={"If-Match": sent}, **body)
        assert response.status_code == 412, sent
        assert response.headers["Content-Type"] == PROBLEM
        assert response.headers["Cache-Control"] == "no-store"
        assert filled.get(path).data == before.data
    for sent in ("*", f'"other",{tag}', f'{tag}, "other"', tag, f" {tag}"):
        if method == "DELETE" and sent != "*":
            continue
        current = filled.get(path).headers["ETag"]
        response = filled.open(path, method=method, headers={"If-Match": sent.replace(tag, current)}, **body)
        assert response.status_code == (204 if method == "DELETE" else 200), sent


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("path", RECORDS)
def test_the_second_writer_with_an_etag_gets_412(filled: FlaskClient, path: str, method: str) -> None:
    tag = filled.get(path).headers["ETag"]
    first = filled.open(path, method=method, json=change(path, "first"), headers={"If-Match": tag})
    second = filled.open(path, method=method, json=change(path, "second"), headers={"If-Match": tag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json["errors"][0] | {"detail": ""} == {
        "in": "header",
        "parameter": "If-Match",
        "code": "mismatch",
        "detail": "",
    }
    assert filled.get(path).data == first.data
    assert (
        filled.open(
            path, method=method, json=change(path, "x"), headers={"If-Match": first.headers["ETag"]}
        ).status_code
        == 200
    )


def test_a_delete_with_the_current_etag_succeeds(filled: FlaskClient) -> None:
    for path in RECORDS:
        assert filled.delete(path, headers={"If-Match": filled.get(path).headers["ETag"]}).status_code == 204
        assert filled.get(path).status_code == 404


@pytest.mark.parametrize(
    "writes",
    [
        lambda client: client.patch("/authors/1", json={"name": "F. Herbert"}),
        lambda client: client.delete("/authors/1?books=keep"),
    ],
)
def test_the_etag_of_a_book_covers_its_contributors(filled: FlaskClient, writes: Callable[[FlaskClient], Any]) -> None:
    tag = filled.get("/books/1").headers["ETag"]
    writes(filled)
    assert filled.patch("/books/1", json={"title": "x"}, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_responses_to_writes_have_an_etag_and_are_not_cacheable(client: FlaskClient, path: str) -> None:
    responses = [client.post(path, json=change(path, "a"))]
    where = responses[0].headers["Location"]
    responses.append(client.put(where, json=change(path, "b")))
    responses.append(client.patch(where, json=change(path, "c")))
    if path == "/books":
        responses += [client.put("/books/isbn/9780441478125", json={"title": title}) for title in "de"]
    for response in responses:
        assert STRONG.fullmatch(response.headers["ETag"])
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Type"] == "application/json"
    assert client.get(where).headers["ETag"] == responses[2].headers["ETag"]
    assert client.post(path, json=[change(path, "x")]).headers["Cache-Control"] == "no-store"
    assert client.delete(where).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("sent", "advice"),
    [("W/{}", "without W/"), ("nonsense", "double quotes"), ('"older"', "read it again")],
    ids=["a weak ETag", "no ETag", "an older ETag"],
)
def test_a_failed_if_match_says_what_to_do(filled: FlaskClient, sent: str, advice: str) -> None:
    tag = filled.get("/books/1").headers["ETag"]
    response = filled.patch("/books/1", json={"title": "x"}, headers={"If-Match": sent.format(tag)})
    assert response.status_code == 412
    assert advice in response.json["detail"]
