"""No cache stores responses for one account; public responses are hits with any valid credentials."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.http.access.audience import shared_paths, uncached_paths
from app.http.access.rights import Right, right_of
from tests.support.accounts import add_account, add_token, bearer
from tests.support.databases import execute
from tests.support.servers.gunicorn import Server
from tests.support.servers.redis import Redis

from .conftest import Callers
from .routes import path_of, send

Apps = dict[str, tuple[Flask, Callers]]

SENT = 60  # requests of each account at once


def personal_reads(app: Flask) -> list[str]:
    """Return the GET routes whose responses are for one account."""

    def right(endpoint: str) -> Right:
        return right_of(app.view_functions[endpoint])

    return [
        f"GET {path_of(rule)}"
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and right(rule.endpoint).is_personal
    ]


@pytest.fixture(scope="module")
def personal_id(with_admin: tuple[str, Callers]) -> int:
    """The id of an account, and of a category and a favorite of the administrator."""
    url, _ = with_admin
    number = add_account(url).id
    category = (
        "INSERT INTO categories (id, account_id, name) SELECT %s, id, 'Novels' FROM accounts WHERE role = 'admin'"
    )
    execute(url, category, number)
    favorite = (
        "INSERT INTO favorites (id, account_id, category_id, ranking, title) "
        "SELECT id, account_id, id, 1, 'Emma' FROM categories WHERE id = %s"
    )
    execute(url, favorite, number)
    rejecting = (
        "INSERT INTO jobs (id, kind, state, account_id, payload, result) "
        "SELECT %s, 'import', 'succeeded', id, jsonb_build_object('folder', repeat('0', 32), 'name', NULL, 'size', 6, "
        """'options', '{"dry_run": false}'::jsonb, 'rejects_format', 'csv'), '{"rejects": true}' """
        "FROM accounts WHERE role = 'admin'"
    )
    execute(url, rejecting, number)
    execute(url, "CREATE EXTENSION pg_stat_statements")  # as the database of the service has it
    return number


def test_some_reads_are_personal(session_app: Flask) -> None:
    assert {"GET /me", "GET /tokens", "GET /accounts"} <= set(personal_reads(session_app))


def test_no_cache_stores_a_personal_read(apps: Apps, personal_id: int) -> None:
    app, callers = apps["reader"]
    rejects = app.config["INSTANCE_PATH"] / f"imports/{'0' * 32}/rejects"
    rejects.parent.mkdir(parents=True)
    rejects.write_text("title\n")
    for route in personal_reads(app):
        for _ in range(2):
            response = send(app, route.replace("{id}", str(personal_id)), callers["admin"])
            assert (route, response.status_code) == (route, 200)
            assert response.headers["Cache-Control"] == "private, no-store"
            assert "hit" not in response.headers.get("Cache-Status", "")
            assert "stored" not in response.headers.get("Cache-Status", "")


def test_personal_and_public_paths_share_no_segment(session_app: Flask) -> None:
    assert uncached_paths(session_app) & shared_paths(session_app) == set()
    personal = {"me", "tokens", "accounts", "password-resets", "setup", "categories", "favorites"}
    personal |= {"imports", "metrics", "ops", "audit"}
    assert personal | {"health", "changes"} == uncached_paths(session_app)


CREDENTIALS = ("anonymous", "reader", "editor", "admin", "key with all scopes", "session cookie")


@pytest.mark.parametrize("caller", CREDENTIALS)
def test_public_reads_are_hits_with_any_valid_credentials(apps: Apps, caller: str) -> None:
    app, callers = apps["reader"]
    path = f"GET /books?limit=1&offset={CREDENTIALS.index(caller)}"
    assert "stored" in send(app, path, {}).headers["Cache-Status"]
    response = send(app, path, callers[caller])
    assert response.headers["Cache-Status"].startswith("catalog; hit")
    assert response.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize("caller", ["wrong token", "expired token", "revoked token", "disabled account"])
def test_a_wrong_token_is_refused_beside_a_stored_response(apps: Apps, caller: str) -> None:
    app, callers = apps["reader"]
    assert send(app, "GET /books", {}).status_code == 200
    assert send(app, "GET /books", {}).headers["Cache-Status"].startswith("catalog; hit")
    response = send(app, "GET /books", callers[caller])
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="catalog", error="invalid_token"'
    assert response.headers["Cache-Control"] == "no-store"


def test_reads_for_accounts_alone_are_private(apps: Apps) -> None:
    app, callers = apps["none"]
    for _ in range(2):
        response = send(app, "GET /books", callers["reader"])
        assert response.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
    assert response.headers["Cache-Status"].startswith("catalog; hit")


@pytest.mark.parametrize("caller", ["anonymous", "key without the scope"])
def test_a_stored_response_is_no_hit_for_clients_without_the_right(apps: Apps, caller: str) -> None:
    app, callers = apps["none"]
    send(app, "GET /books", callers["reader"])
    assert send(app, "GET /books", callers["reader"]).headers["Cache-Status"].startswith("catalog; hit")
    response = send(app, "GET /books", callers[caller])
    assert response.status_code in (401, 403)
    assert "hit" not in response.headers.get("Cache-Status", "")


@pytest.fixture(scope="module", params=["memory", "redis"])
def server(
    request: pytest.FixtureRequest,
    start_server: Callable[..., Server],
    redis_server: Redis,
    with_admin: tuple[str, Callers],
) -> Iterator[Server]:
    """A server with two workers, with Redis and without."""
    redis_url = redis_server.url if request.param == "redis" else ""
    server = start_server(with_admin[0], REDIS_URL=redis_url, LOG_LEVEL="WARNING", ANONYMOUS="reader")
    yield server
    server.stop()


@pytest.mark.slow(10)
@pytest.mark.parametrize("path", ["/me", "/tokens"])
def test_two_accounts_at_once_get_their_own_responses(
    server: Server, with_admin: tuple[str, Callers], path: str
) -> None:
    url, _ = with_admin
    accounts = [add_account(url) for _ in range(2)]
    headers = [bearer(add_token(url, account)) for account in accounts]
    alone = [server.get(path, **sent).json for sent in headers]
    assert own(alone[0], path) != own(alone[1], path)
    begin = threading.Barrier(2 * 2)

    def read(number: int) -> list[Any]:
        begin.wait(20)
        return [server.get(path, **headers[number % 2]) for _ in range(SENT // 2)]

    with ThreadPoolExecutor(4) as pool:
        received = list(pool.map(read, range(4)))
    for number, responses in enumerate(received):
        assert {response.headers["cache-control"] for response in responses} == {"private, no-store"}
        assert {response.cache for response in responses} <= {"", "fwd=bypass"}  # neither a hit nor collapsed
        assert all(own(response.json, path) == own(alone[number % 2], path) for response in responses)


def own(document: Any, path: str) -> Any:
    """Return the ids in a response that belong to one account."""
    return document["id"] if path == "/me" else [token["id"] for token in document["data"]]
