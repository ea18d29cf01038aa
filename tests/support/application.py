"""The application under test, called without HTTP, and the statements that it sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app import create_app
from extensions.database.engine import ON_COMMIT, db
from extensions.database.timed_cursor import TimedCursor


class Statements(list[str]):
    """The SQL of the statements that were sent to the database, in their order."""


SENT = Statements()


class RecordingCursor(TimedCursor):
    """A cursor that records the statements that it sends."""

    def execute(self, query: Any, vars: Any = None) -> None:
        SENT.append(str(query))
        super().execute(query, vars)


def _record_statements(connection: Any, _: Any) -> None:
    connection.cursor_factory = RecordingCursor


@pytest.fixture(scope="session")
def make_app(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Callable[..., Flask]:
    """Create an application with the given settings, by default on this process's database."""

    def make(**settings: Any) -> Flask:
        app = create_app(
            {
                "DATABASE_URL": database_url,
                "INSTANCE_PATH": tmp_path_factory.mktemp("instance"),
                "REDIS_URL": "",
                "LOG_LEVEL": "WARNING",
                "CORS_ORIGINS": ["*"],
                "CACHE_DEFAULT_TIMEOUT": 10,
                "TRUSTED_HOSTS": [],
                "MAX_CONTENT_LENGTH": 8 * 1024 * 1024,
                "CONNECTIONS": 8,
                "SERVER_TIMING": False,  # it differs between equal responses
                **settings,
            }
        )
        with app.app_context():
            event.listen(db.engine, "connect", _record_statements)
        return app

    return make


@pytest.fixture(scope="session")
def session_app(make_app: Callable[..., Flask]) -> Flask:
    """The application, on the catalog that the last test left."""
    return make_app()


@pytest.fixture
def app(session_app: Flask, empty_catalog: Callable[[], None]) -> Flask:
    """The application, on an empty catalog whose ids begin at 1."""
    empty_catalog()
    invalidate_cache(session_app)
    return session_app


@pytest.fixture(scope="session")
def shared_catalog(make_app: Callable[..., Flask], shared_database: Callable[..., str]) -> Callable[..., FlaskClient]:
    """Fill a catalog once for all processes of the test run, and return a client.

    Takes the name of the catalog, the function that fills it, and settings of the application.

    Tests only read it.
    """

    def create(name: str, fill: Callable[[FlaskClient], None], **settings: Any) -> FlaskClient:
        def client_of(url: str) -> FlaskClient:
            return make_app(DATABASE_URL=url, **settings).test_client(use_cookies=False)

        return client_of(shared_database(name, lambda url: fill(client_of(url))))

    return create


def invalidate_cache(app: Flask) -> None:
    """Invalidate the cache of an application after a change by SQL."""
    app.extensions[ON_COMMIT]()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application, on an empty catalog."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def statements() -> Statements:
    """The statements sent to the database from now on."""
    SENT.clear()
    return SENT


@pytest.fixture
def add_book(client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """POST a book with these fields, and a title in any case; return its representation."""
    return lambda **fields: _add(client, "/books", {"title": "A book", **fields})


@pytest.fixture
def add_author(client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """POST an author with these fields, and a name in any case; return the representation."""
    return lambda **fields: _add(client, "/authors", {"name": "An Author", **fields})


def _add(client: FlaskClient, path: str, document: dict[str, Any]) -> dict[str, Any]:
    response = client.post(path, json=document)
    assert response.status_code == 201, response.text
    return dict(response.json or {})
