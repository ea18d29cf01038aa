"""Every route with every kind of credentials, under every setting ANONYMOUS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask

import app as application
from app.http.access.rights import READ, ROLES, SCOPES, requires
from tests.support.databases import execute
from tests.support.documents import Document

from .conftest import Callers
from .matrix import DOCUMENT, SECTION, YES, matrix, table
from .routes import routes_of, send
from .rules import ANONYMOUS, CALLERS, KINDS, LET_IN, ROUTES, SETTINGS, cases, expected

Apps = dict[str, tuple[Flask, Callers]]

unprotected, unlisted = Blueprint("unprotected", __name__), Blueprint("unlisted", __name__)


@unprotected.get("/unprotected")
def show_without_right() -> str:
    """Return a text without declaring a right."""
    return "secret"


@unlisted.get("/unlisted")
@requires(READ)
def show_without_rule() -> str:
    """Return a text for readers; no rule names the route."""
    return "public"


def test_every_route_has_a_rule(session_app: Flask) -> None:
    assert routes_of(session_app) == set(ROUTES)


def test_every_kind_of_route_has_a_status_for_every_caller() -> None:
    assert [set(table) for table in (*ANONYMOUS.values(), *CALLERS.values())] == [set(KINDS)] * (
        len(SETTINGS) + len(CALLERS)
    )


@pytest.mark.parametrize(("setting", "caller"), cases())
def test_a_route_admits_the_callers_of_its_rule(apps: Apps, setting: str, caller: str) -> None:
    app, callers = apps[setting]
    statuses = {route: send(app, route, callers[caller]).status_code for route in routes_of(app)}
    refusals = {route: status if status in (401, 403) else LET_IN for route, status in statuses.items()}
    assert refusals == {route: expected(route, caller, setting) for route in statuses}


@pytest.mark.parametrize("setting", SETTINGS)
def test_head_is_refused_like_get(apps: Apps, setting: str) -> None:
    app, _ = apps[setting]
    client = app.test_client(use_cookies=False)
    paths = [route.removeprefix("GET ") for route in ROUTES if route.startswith("GET ") and "{" not in route]
    assert [client.head(path).status_code for path in paths] == [client.get(path).status_code for path in paths]


def test_requests_of_the_matrix_change_nothing(apps: Apps, with_admin: tuple[str, Callers]) -> None:
    app, callers = apps["none"]
    url, _ = with_admin
    count = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM tokens), (SELECT count(*) FROM books)"
    before = execute(url, count)
    for route in routes_of(app):
        send(app, route, callers["admin"])
    assert execute(url, count) == before


def test_a_view_without_a_right_stops_the_start(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "FEATURES", (*application.FEATURES, f"{__name__}.unprotected"))
    with pytest.raises(LookupError, match="declares no right; add @requires"):
        make_app()


def test_a_route_without_a_rule_is_found(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "FEATURES", (*application.FEATURES, f"{__name__}.unlisted"))
    assert "GET /unlisted" in routes_of(make_app()) - set(ROUTES)


def test_the_document_has_the_matrix() -> None:
    hint = "`python -m tests.contract.access.matrix` writes it"
    assert table() in Document(f"docs/{DOCUMENT.name}").section(SECTION), hint


def test_the_document_names_all_scopes() -> None:
    rows = Document(f"docs/{DOCUMENT.name}").table("Keys and scopes")
    assert {scope.strip("`"): text for scope, text in rows} == {
        scope: text[0].lower() + text[1:] for scope, text in SCOPES.items()
    }


def test_the_document_names_all_roles_and_settings() -> None:
    section = Document(f"docs/{DOCUMENT.name}").section("Roles")
    assert [name for name in (*ROLES, *SETTINGS[:4]) if f"| `{name}`" not in section] == []


def test_the_matrix_shows_every_status() -> None:
    cells: list[Any] = [cell for row in matrix() for cell in row[1:]]
    assert set(cells) == {YES, "401", "403"}
