"""`/accounts` as administrators see it: lists, changes, deletion, and the last administrator."""

from __future__ import annotations

import pytest

from tests.support.databases import execute

MEMBERS = ["id", "email", "name", "role", "disabled", "created_at", "updated_at"]


@pytest.fixture
def admin(account):
    return account("admin", "root@example.com")


@pytest.fixture
def headers(admin, headers_of):
    return headers_of(admin)


def emails(response):
    assert response.status_code == 200, response.text
    return [each["email"] for each in response.json["data"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["root", "ann", "bea", "cid"]),
        ("email=ann@example.com", ["ann"]),
        ("email=ANN@Example.com", ["ann"]),
        ("email[ne]=ANN@example.com", ["root", "bea", "cid"]),
        ("email[in]=Ann@example.com,CID@example.com", ["ann", "cid"]),
        ("email=ann@example.com&email=bea@example.com", ["ann", "bea"]),
        ("email=nobody@example.com", []),
        ("role=reader", ["ann", "cid"]),
        ("role[ne]=reader", ["root", "bea"]),
        ("role[in]=admin,editor", ["root", "bea"]),
        ("disabled=true", ["cid"]),
        ("disabled=false&role=reader", ["ann"]),
        ("sort=-id", ["cid", "bea", "ann", "root"]),
        ("sort=-created_at", ["cid", "bea", "ann", "root"]),
        ("offset=1&limit=2", ["ann", "bea"]),
    ],
)
def test_a_list_is_filtered_and_sorted(client, headers, account, query, found):
    account("reader", "ann@example.com")
    account("editor", "bea@example.com")
    account("reader", "cid@example.com", disabled=True)
    assert emails(client.get(f"/accounts?{query}", headers=headers)) == [f"{name}@example.com" for name in found]


def test_pages_follow_their_cursors(client, headers, account):
    for _ in range(4):
        account()
    path, seen = "/accounts?limit=2&sort=-updated_at&total=exact", []
    while path:
        page = client.get(path, headers=headers).json
        seen += [each["id"] for each in page["data"]]
        path = page["links"]["next"]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
def test_a_stream_of_accounts_is_private(client, headers, format_):
    response = client.get(f"/accounts?format={format_}", headers=headers)
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "root@example.com" in response.text
    assert "argon2" not in response.text


@pytest.mark.parametrize("column", ["email_key", "password_hash"])
@pytest.mark.parametrize(
    "query",
    ["{}=x", "{}[contains]=x", "{}[starts]=%24argon2id", "{}[null]=false", "sort={}", "sort=-{}", "fields={}", "q=x"],
)
def test_no_query_reaches_a_hidden_column(client, headers, column, query):
    response = client.get(f"/accounts?{query.format(column)}", headers=headers)
    assert response.status_code == 400
    allowed = [detail.partition("Allowed:")[2] for detail in (error["detail"] for error in response.json["errors"])]
    assert all(words and column not in words for words in allowed)


@pytest.mark.parametrize("path", ["/accounts/{id}?fields=password_hash", "/me?fields=password_hash"])
def test_no_record_shows_a_hidden_column(client, headers, admin, path):
    assert client.get(path.format(id=admin.id), headers=headers).status_code == 400


def test_one_account_has_an_etag(client, headers, account):
    ann = account("reader", "ann@example.com")
    response = client.get(f"/accounts/{ann.id}", headers=headers)
    assert list(response.json) == MEMBERS
    assert response.headers["Cache-Control"] == "private, no-store"
    tag = response.headers["ETag"]
    assert client.get(f"/accounts/{ann.id}", headers={**headers, "If-None-Match": tag}).status_code == 304
    changed = client.patch(f"/accounts/{ann.id}", json={"name": "Ann"}, headers={**headers, "If-Match": tag})
    assert (changed.status_code, changed.headers["Cache-Control"]) == (200, "private, no-store")
    assert client.patch(f"/accounts/{ann.id}", json={}, headers={**headers, "If-Match": tag}).status_code == 412
    assert client.delete(f"/accounts/{ann.id}", headers={**headers, "If-Match": tag}).status_code == 412
    current = {**headers, "If-Match": changed.headers["ETag"]}
    assert client.delete(f"/accounts/{ann.id}", headers=current).status_code == 204
    assert client.get(f"/accounts/{ann.id}", headers=headers).status_code == 404


def test_a_representation_may_be_sent_back(client, headers, account):
    path = f"/accounts/{account().id}"
    document = client.get(path, headers=headers).json
    response = client.patch(path, json=document, headers=headers)
    assert (response.status_code, response.json) == (200, document)


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({"email": "other@example.com"}, "/email", "read_only"),
        ({"email": None}, "/email", "read_only"),
        ({"id": 999}, "/id", "mismatch"),
        ({"role": "king"}, "/role", "not_allowed"),
        ({"role": None}, "/role", "required"),
        ({"disabled": "true"}, "/disabled", "type"),
        ({"disabled": None}, "/disabled", "required"),
        ({"name": ["Ann"]}, "/name", "type"),
        ({"name": {"first": "Ann"}}, "/name", "type"),
        ({"password_hash": "x"}, "/password_hash", "unknown"),
        ({"password": "four words or more"}, "/password", "unknown"),
    ],
)
def test_an_invalid_change_is_refused(client, headers, account, patch, pointer, code):
    response = client.patch(f"/accounts/{account().id}", json=patch, headers=headers)
    assert response.status_code == 422
    assert [(error["pointer"], error["code"]) for error in response.json["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(("change", "status"), [({"role": "reader"}, 403), ({"disabled": True}, 401)])
def test_a_change_of_rights_holds_at_once(client, headers, account, headers_of, change, status):
    editor = account("editor")
    own = headers_of(editor)
    assert client.post("/authors", json={"name": "A"}, headers=own).status_code == 201
    assert client.patch(f"/accounts/{editor.id}", json=change, headers=headers).status_code == 200
    assert client.post("/authors", json={"name": "B"}, headers=own).status_code == status


def test_a_change_moves_no_cache_of_the_catalog(client, headers, account):
    ann = account()
    client.get("/books")
    client.patch(f"/accounts/{ann.id}", json={"role": "editor", "name": "Ann"}, headers=headers)
    client.delete(f"/accounts/{ann.id}", headers=headers)
    assert "hit" in client.get("/books").headers["Cache-Status"]


def test_a_deleted_account_has_no_tokens(client, headers, account, headers_of, database_url):
    ann = account()
    own = headers_of(ann)
    assert client.get("/me", headers=own).status_code == 200
    assert client.delete(f"/accounts/{ann.id}", headers=headers).status_code == 204
    assert client.get("/me", headers=own).status_code == 401
    assert execute(database_url, "SELECT * FROM tokens WHERE account_id = %s", ann.id) == []


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"role": "editor"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
def test_the_last_administrator_stays(client, headers, admin, account, method, body):
    account("admin", disabled=True)
    response = client.open(f"/accounts/{admin.id}", method=method, json=body, headers=headers)
    assert (response.status_code, response.json["title"]) == (409, "Conflict")
    assert "First give another account the role admin" in response.json["detail"]
    assert client.get("/me", headers=headers).json["role"] == "admin"


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"role": "editor"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
def test_one_of_two_administrators_may_go(client, headers, admin, account, method, body):
    other = account("admin")
    response = client.open(f"/accounts/{other.id}", method=method, json=body, headers=headers)
    assert response.status_code in (200, 204)


@pytest.mark.parametrize("path", ["/accounts/999999", "/accounts/0", "/accounts/01", "/accounts/x"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_missing_account_is_not_found(client, headers, method, path):
    assert client.open(path, method=method, json={} if method == "PATCH" else None, headers=headers).status_code == 404


def test_accounts_have_no_replacement(client, headers, admin):
    response = client.put(f"/accounts/{admin.id}", json={}, headers=headers)
    assert (response.status_code, response.headers["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PATCH")
