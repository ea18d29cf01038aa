"""`PUT /setup/{token}`: the first administrator."""

from __future__ import annotations

import pytest

from app.features.accounts.credentials.one_time_links import create_reset, create_setup
from app.features.accounts.credentials.secret import Kind, secret_of
from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute

from .conftest import PASSWORD

BODY = {"email": "root@example.com", "password": PASSWORD, "name": "Root"}


@pytest.fixture
def token(app):
    with app.app_context():
        return create_setup().secret.text


def test_a_link_creates_the_administrator_once(client, token):
    response = client.put(f"/setup/{token}", json=BODY)
    assert (response.status_code, response.json["role"], response.json["name"]) == (201, "admin", "Root")
    assert response.headers["Location"] == f"/accounts/{response.json['id']}"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert client.put(f"/setup/{token}", json={**BODY, "email": "b@example.com"}).status_code == 404


def test_the_administrator_ends_anonymous_writes(client, token):
    assert client.post("/authors", json={"name": "A"}).status_code == 201
    client.put(f"/setup/{token}", json=BODY)
    assert client.post("/authors", json={"name": "B"}).status_code == 401


def test_a_refused_body_leaves_the_link(client, token, account):
    account("reader", "ann@example.com")
    assert client.put(f"/setup/{token}", json={**BODY, "password": "short"}).status_code == 422
    assert client.put(f"/setup/{token}", json={**BODY, "email": "ann@example.com"}).status_code == 409
    assert client.put(f"/setup/{token}", json={**BODY, "role": "admin"}).status_code == 422
    assert client.put(f"/setup/{token}", json=BODY).status_code == 201


def test_a_link_is_worthless_beside_an_administrator(client, token, account):
    account("admin")
    assert client.put(f"/setup/{token}", json=BODY).status_code == 404


@pytest.mark.parametrize("text", ["x", secret_of(Kind.SETUP, 1).text, secret_of(Kind.SESSION, 1).text, "cat_f_", "%00"])
@pytest.mark.parametrize("body", [BODY, {}], ids=["valid", "invalid"])
def test_a_wrong_link_is_not_found(client, text, body):
    assert client.put(f"/setup/{text}", json=body).status_code == 404


def test_a_link_for_a_reset_is_not_found(app, client, account):
    with app.app_context():
        token = create_reset(account().id).secret.text
    assert client.put(f"/setup/{token}", json=BODY).status_code == 404


def test_an_expired_link_is_not_found(client, token, database_url):
    execute(database_url, "UPDATE one_time_links SET expires_at = now()")
    assert client.put(f"/setup/{token}", json=BODY).status_code == 404


def test_one_of_two_at_once_is_the_administrator(app, client, token, database_url):
    def send(number):
        body = {**BODY, "email": f"root{number}@example.com"}
        return lambda: app.test_client().put(f"/setup/{token}", json=body).status_code

    assert sorted(simultaneously(send(1), send(2))) == [201, 404]
    assert execute(database_url, "SELECT count(*) FROM accounts") == [(1,)]


def test_a_page_of_another_origin_sets_nothing_up(client, token):
    response = client.put(f"/setup/{token}", json=BODY, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
