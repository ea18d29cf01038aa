"""The database: one engine and pool per process, and `fetch` for reads; writes are in ``transactions``.

Both have one time budget for pool, connection and statements. They reconnect by themselves after an outage, and raise
`DatabaseUnavailable` for every error after which a client can retry.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg2
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, PoolProxiedConnection, event
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.orm import DeclarativeBase

from extensions.cache import Area

from .deadline import DeadlinePassed, within
from .limiter import Admission, Crowded, Share, Stalled
from .prepared import FORGOTTEN, Statement

Row = tuple[Any, ...]

ADMISSION = "catalog.admission"
ON_COMMIT = "catalog.on_commit"
ON_LOSS = "catalog.on_loss"
CAUSE = "catalog.cause"  # key in the application's extensions, and the setting of a transaction
CONNECT_SECONDS = 2  # the shortest timeout of libpq
POOL_SECONDS = 1.0
STATEMENT_SECONDS = 3.0  # enforced by the server
LOCK_SECONDS = 2.0  # that a statement waits for a lock of another transaction, enforced by the server
BUDGET_SECONDS = 4.0  # enforced by the client, because a frozen server enforces nothing
ATTEMPTS = 5  # of a transaction that conflicts with others

SESSION = {  # settings of every connection
    "timezone": "UTC",
    "statement_timeout": f"{int(STATEMENT_SECONDS * 1000)}",
    "lock_timeout": f"{int(LOCK_SECONDS * 1000)}",
    # Many short concurrent statements gain nothing from compilation or parallel workers.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "work_mem": "16MB",  # for the bitmap of a page whose index scan matches hundreds of thousands of rows
    "random_page_cost": "1.1",  # of an SSD
    # Walking an index in another order than that of the table costs one page access per row, even if the page is
    # cached. The planner takes this into account only if it believes that the cache is small.
    "effective_cache_size": "64MB",
    # kB of pending entries of a GIN index, which every search scans. This is enough for many small writes; an import
    # sets a far higher limit, because a larger list costs a fraction of the work per entry.
    "gin_pending_list_limit": "128",
}

LOCK_NOT_AVAILABLE, QUERY_CANCELED = "55P03", "57014"
SERIALIZATION = ("40",)  # classes of SQLSTATE: deadlock, serialization failure
INTEGRITY_RACE = ("23505", "23503")  # a row was inserted or deleted after the transaction checked for it
UNAVAILABLE = ("08", "53", "55", "57", "58")  # classes of SQLSTATE


class Base(DeclarativeBase):
    """The base of all models; constraints and indexes are named by convention."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class DatabaseUnavailable(Exception):
    """The database is unreachable, frozen, out of connections or too slow. Clients can retry."""


class Overloaded(DatabaseUnavailable):
    """Too much work of this kind waits for the database already."""


class TooSlow(DatabaseUnavailable):
    """A statement ran for `STATEMENT_SECONDS`."""


class Locked(DatabaseUnavailable):
    """A transaction waited for `LOCK_SECONDS` for what another one holds."""


class Retry(Locked):
    """Raised by a transaction that must start again, because it would take locks in the wrong order."""


db = SQLAlchemy(model_class=Base)


def connection_options(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of libpq for a connection with these settings."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    name = settings.get("application_name", "catalog")
    return {"connect_timeout": CONNECT_SECONDS, "options": options, "application_name": name}


def _engine_options(connections: int) -> dict[str, Any]:
    return {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": POOL_SECONDS,
        "pool_use_lifo": True,
        "connect_args": connection_options(SESSION),
    }


def fetch(
    statement: Statement,
    values: Mapping[str, Any],
    quoted: Mapping[str, str] | None = None,
    share: Share = Share.QUICK,
) -> list[Row]:
    """Run a statement that only reads, in autocommit and in a slot of the `share`, and return its rows.

    `quoted` are statements in psycopg2's format (``%(name)s``) that are passed as text values, with their own values
    filled in, for the planner's estimates. A dead connection is replaced, and the statement is sent again. Raises
    `DatabaseUnavailable`.
    """
    deadline = time.monotonic() + BUDGET_SECONDS
    last_attempt = deadline - CONNECT_SECONDS  # later, no connection can be opened in time
    with translated_errors(), admission().slot(last_attempt, share):
        for attempts_left in reversed(range(admission().slots + 1)):  # every pooled connection may be dead
            connection = db.engine.raw_connection()
            try:
                return _rows(connection, deadline, statement, values, quoted)
            except (psycopg2.DatabaseError, psycopg2.InterfaceError, DeadlinePassed) as error:
                is_lost = bool(getattr(connection.dbapi_connection, "closed", True))
                if is_lost:
                    connection.invalidate(error)
                if not is_lost or not attempts_left or time.monotonic() > last_attempt:
                    raise
            finally:
                connection.close()
    raise AssertionError("unreachable")


def _rows(
    pooled: PoolProxiedConnection,
    deadline: float,
    statement: Statement,
    values: Mapping[str, Any],
    quoted: Mapping[str, str] | None,
) -> list[Row]:
    connection: Any = pooled.dbapi_connection
    with within(connection, deadline - time.monotonic()), connection.cursor() as cursor:
        connection.autocommit = True
        if quoted:
            filled = {name: cursor.mogrify(text, values).decode() for name, text in quoted.items()}
            values = {**values, **filled}
        statement.run(cursor, pooled.info, values)
        return list(cursor.fetchall())


def admission() -> Admission:
    """Return what bounds the threads that use the database of the application."""
    bounds: Admission = current_app.extensions[ADMISSION]
    return bounds


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turn errors of the driver and the pool into `DatabaseUnavailable` if a retry can succeed."""
    try:
        yield
    except Crowded as error:
        raise Overloaded from error
    except (Stalled, DeadlinePassed, sqlalchemy_errors.TimeoutError) as error:
        raise DatabaseUnavailable from error
    except (sqlalchemy_errors.DBAPIError, psycopg2.Error) as error:
        driver_error = getattr(error, "orig", error)
        code = getattr(driver_error, "pgcode", None)
        if code == LOCK_NOT_AVAILABLE:
            raise Locked from error
        if code == QUERY_CANCELED:
            raise TooSlow from error
        # A server that crashes during a statement is an error of the base class.
        is_lost = code is None and (
            isinstance(driver_error, psycopg2.OperationalError | psycopg2.InterfaceError)
            or type(driver_error) is psycopg2.DatabaseError
        )
        if is_lost and current_app:  # a stream ends outside the context of its request
            current_app.extensions[ON_LOSS]()
        # A connection without its prepared statements is one too, if it was too late for another attempt.
        if is_lost or code in FORGOTTEN or (code or "").startswith((*UNAVAILABLE, *SERIALIZATION)):
            raise DatabaseUnavailable from error
        raise


def connect(settings: Mapping[str, str], *, asynchronous: bool = False) -> Any:
    """Return a new psycopg2 connection outside the pool, without a time budget, for long work.

    `settings` are added to those of every connection. The caller of an `asynchronous` connection polls it. Raises
    `DatabaseUnavailable`.
    """
    with translated_errors():
        arguments, options = db.engine.dialect.create_connect_args(db.engine.url)
        options = {**options, **connection_options({**SESSION, **settings})}
        return psycopg2.connect(*arguments, async_=asynchronous, **options)


def committed(*areas: Area) -> None:
    """Start new generations of the areas that have changed, by default of the catalog."""
    for area in areas or (Area.CATALOG,):
        current_app.extensions[ON_COMMIT](area)


def probe(seconds: float = 2.0) -> str | None:
    """Return the revision of the schema, None if the database was never migrated.

    Uses a new connection with the options of a read: a busy pool does not make the service unready, but a connection
    pooler that rejects these options does. Raises `DatabaseUnavailable`.
    """
    with (
        translated_errors(),
        contextlib.closing(connect({})) as connection,
        within(connection, seconds),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT version_num FROM alembic_version")
        row = cursor.fetchone()
        return row[0] if row else None


def init_app(
    app: Flask,
    url: str,
    connections: int,
    on_commit: Callable[[Area], None],
    on_loss: Callable[[], None] = lambda: None,
    cause: Callable[[], str] = lambda: "",
) -> None:
    """Bind the application to the database at `url`, with a pool of `connections`.

    `on_commit` is called with each area that a commit changed, before it is acknowledged; `on_loss` whenever a
    connection is lost or cannot be opened, and must return at once. Each transaction has the setting ``catalog.cause``
    with the text that `cause` returns, from which triggers read the account and the request of a change.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(connections)
    db.init_app(app)
    app.extensions[ADMISSION] = Admission(connections)
    app.extensions[ON_COMMIT] = on_commit
    app.extensions[ON_LOSS] = on_loss
    app.extensions[CAUSE] = cause
    with app.app_context():
        event.listen(db.engine, "checkout", _disable_autocommit)


def _disable_autocommit(dbapi_connection: Any, *_: Any) -> None:
    """Reset a connection from the pool, because `fetch` leaves its connections in autocommit."""
    dbapi_connection.autocommit = False
