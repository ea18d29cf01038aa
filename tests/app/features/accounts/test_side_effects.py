"""What accounts do leaves the response cache as it is, and no secret in the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.accounts import PASSWORD, add_account, add_token, bearer
from tests.support.clients.http import Response
from tests.support.servers.gunicorn import Server
from tests.support.servers.redis import Redis

EMAIL, NEW = "ann@example.com", "another long password"


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    return new_database("side_effects")


@pytest.fixture(scope="module", params=["memory", "redis"])
def server(
    request: pytest.FixtureRequest, start_server: Callable[..., Server], redis_server: Redis, url: str
) -> Server:
    """A server with one worker and one book, on which requests have a limit."""
    settings = {"REDIS_URL": redis_server.url} if request.param == "redis" else {}
    return start_server(url, WEB_CONCURRENCY="1", RATE_LIMIT="1000/minute", ANONYMOUS="editor", **settings)


def steps(server: Server, url: str) -> dict[str, Callable[[], Response]]:
    """The requests of a person and of an administrator, by name."""
    account = add_account(url, "reader")
    session, admin = bearer(add_token(url, account)), bearer(add_token(url, add_account(url, "admin")))
    key = {"name": "A key", "scopes": ["catalog:read"]}

    def sign_in(password: str) -> Response:
        return server.request("POST", "/tokens", {"email": account.email, "password": password})

    return {
        "sign up": lambda: server.request("POST", "/accounts", {"email": EMAIL, "password": PASSWORD}),
        "sign in": lambda: sign_in(PASSWORD),
        "fail to sign in": lambda: sign_in(NEW),
        "create a key": lambda: server.request("POST", "/tokens", key, **session),
        "use a token": lambda: server.get("/me", **session),
        "change the name": lambda: server.request("PATCH", "/me", {"name": "Ann"}, **session),
        "change the password": lambda: server.request(
            "PUT", "/me/password", {"current": PASSWORD, "new": NEW}, **session
        ),
        "ask for a reset": lambda: server.request("POST", "/password-resets", {"email": account.email}),
        "find the account": lambda: server.get(f"/accounts?email={account.email}", **admin),
        "change the role": lambda: server.request("PATCH", f"/accounts/{account.id}", {"role": "editor"}, **admin),
        "send a token in the URL": lambda: server.get(f"/books?access_token={session['Authorization'][7:]}"),
        "sign out": lambda: server.request("DELETE", "/tokens", **session),
    }


def test_no_step_of_an_account_empties_the_cache_or_shows_in_the_log(server: Server, url: str) -> None:
    book = server.request("POST", "/books", {"title": "A book"}).json["id"]
    for name, step in steps(server, url).items():
        server.get(f"/books/{book}")
        assert server.get(f"/books/{book}").cache == "hit", name
        assert step().status < 500, name
        assert server.get(f"/books/{book}").cache == "hit", name
    log = server.log.read_text()
    assert "account=" in log
    assert [text for text in ("@", "%40", "cat_s_", "cat_k_", PASSWORD, NEW, "$argon2") if text in log] == []
