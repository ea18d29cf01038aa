"""The database: one engine and pool for a process, a read that returns rows, a write that is one transaction.

Both keep one budget of time for pool, connection and statements, go on by themselves after the server came
back, and raise `DatabaseUnavailable` for everything that a client may try again later.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import psycopg2
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, MetaData, PoolProxiedConnection, event
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.orm import DeclarativeBase, Session

from .admission import Admission, Stalled
from .deadline import DeadlinePassed, Watch, within
from .statement import FORGOTTEN, WHOLE, Statement

Row = tuple[Any, ...]
Result = TypeVar("Result")

ADMISSION = "catalog.admission"
ON_COMMIT = "catalog.on_commit"
CONNECT_SECONDS = 2  # the shortest that libpq knows
POOL_SECONDS = 1.0
STATEMENT_SECONDS = 3.0  # kept by the server
BUDGET_SECONDS = 4.0  # kept by the client, for a server that keeps nothing
ATTEMPTS = 5  # of a transaction that lost against another one

SESSION = {  # settings of every connection
    "timezone": "UTC",
    "statement_timeout": f"{int(STATEMENT_SECONDS * 1000)}",
    # Many short statements at once gain nothing by compiling them, nor by sharing one among several processes.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "work_mem": "16MB",  # for which rows a page has, where an index finds hundreds of thousands
    "random_page_cost": "1.1",  # of a disk without moving parts
    # To walk an index whose order is not that of the rows costs an access for each row, wherever the row is cached. The
    # planner believes that only where it takes the cache to be small.
    "effective_cache_size": "64MB",
    # kB of new entries that wait beside a GIN index, where each search of it looks through them: what many small writes
    # take together. Whoever writes a catalog at once takes far more of them together, at a fraction of the work.
    "gin_pending_list_limit": "128",
}

SERIALIZATION = ("40",)  # the transaction lost: deadlock, serialization
INTEGRITY_RACE = ("23505", "23503")  # it met a row that came or went after it looked
UNAVAILABLE = ("08", "53", "55", "57", "58")


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
    """The database is away, frozen, out of connections or too slow. The request may be tried again."""


db = SQLAlchemy(model_class=Base)


def connection_options(settings: Mapping[str, str]) -> dict[str, Any]:
    """What libpq is told of a connection with these settings."""
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


def fetch(statement: Statement, values: Mapping[str, Any], quoted: Mapping[str, str] | None = None) -> list[Row]:
    """The rows that one statement answers, read in autocommit.

    `quoted` are statements (in psycopg2's own form, ``%(name)s``) that go into it as text, as values with their own
    values filled in (for the planner's estimate of one). A connection that turns out to be dead is replaced and the
    statement sent again: it only reads. Raises `DatabaseUnavailable`.
    """
    ends = time.monotonic() + BUDGET_SECONDS
    latest = ends - CONNECT_SECONDS  # after that no connection can be opened in time
    with translated_errors(), _admission().slot(latest):
        for stale in reversed(range(_admission().slots + 1)):  # at most all that the pool holds
            connection = db.engine.raw_connection()
            try:
                return _rows(connection, ends, statement, values, quoted)
            except (psycopg2.OperationalError, psycopg2.InterfaceError, DeadlinePassed) as error:
                lost = bool(getattr(connection.dbapi_connection, "closed", True))
                if lost:
                    connection.invalidate(error)
                if not lost or not stale or time.monotonic() > latest:
                    raise
            finally:
                connection.close()
    raise AssertionError("unreachable")


def _rows(
    pooled: PoolProxiedConnection,
    ends: float,
    statement: Statement,
    values: Mapping[str, Any],
    quoted: Mapping[str, str] | None,
) -> list[Row]:
    connection: Any = pooled.dbapi_connection
    with within(connection, ends - time.monotonic()), connection.cursor() as cursor:
        connection.autocommit = True
        if quoted:
            filled = {name: cursor.mogrify(text, values).decode() for name, text in quoted.items()}
            values = {**values, **filled}
        statement.run(cursor, pooled.info, values)
        return list(cursor.fetchall())


def transaction(work: Callable[[Session], Result], *, long: bool = False) -> Result:
    """What `work` returns, after what it did in the session was committed.

    `work` may run several times: a deadlock, a lost race against a unique or foreign key, a connection that was dead
    before it was used and one that forgot its prepared statements are tried again from the start; a connection that is
    lost while it commits is not, because nobody knows whether it did. The budget is for the whole; where the work is
    `long` by what was asked, a batch, each statement has one. Raises `DatabaseUnavailable`; what `work` itself raises
    rolls everything back.
    """
    ends = time.monotonic() + BUDGET_SECONDS
    latest = ends - CONNECT_SECONDS
    committing = forgotten = False
    try:
        with translated_errors(), _admission().slot(latest):
            for attempt in range(1, ATTEMPTS + 1):
                committing = False
                # The connection is held until the watch over it has ended: it may be somebody else's after that.
                with db.engine.connect() as connection:
                    connection.execution_options(**{WHOLE: forgotten})
                    try:
                        with (
                            within(connection.connection.dbapi_connection, ends - time.monotonic()) as watch,
                            contextlib.closing(Session(connection, expire_on_commit=False)) as session,
                        ):
                            if long:
                                _renew_for_each_statement(connection, watch)
                            result = work(session)
                            session.flush()
                            committing = True
                            session.commit()
                            return result
                    except sqlalchemy_errors.DBAPIError as error:
                        code = getattr(error.orig, "pgcode", None) or ""
                        lost = error.connection_invalidated and not committing
                        forgotten = forgotten or code in FORGOTTEN
                        again = lost or code.startswith(SERIALIZATION) or code in (*INTEGRITY_RACE, *FORGOTTEN)
                        if not again or attempt == ATTEMPTS or time.monotonic() > latest:
                            raise
    finally:
        if committing:  # whether or not it came through
            committed()
    raise AssertionError("unreachable")


def _renew_for_each_statement(connection: Connection, watch: Watch) -> None:
    event.listen(connection, "before_cursor_execute", lambda *_: watch.renew(BUDGET_SECONDS))


def _admission() -> Admission:
    admission: Admission = current_app.extensions[ADMISSION]
    return admission


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the driver and the pool raise into `DatabaseUnavailable`, where trying again can help."""
    try:
        yield
    except (Stalled, DeadlinePassed, sqlalchemy_errors.TimeoutError) as error:
        raise DatabaseUnavailable from error
    except (sqlalchemy_errors.DBAPIError, psycopg2.Error) as error:
        driver_error = getattr(error, "orig", error)
        code = getattr(driver_error, "pgcode", None)
        gone = code is None and isinstance(driver_error, psycopg2.OperationalError | psycopg2.InterfaceError)
        if gone or (code or "").startswith((*UNAVAILABLE, *SERIALIZATION)):
            raise DatabaseUnavailable from error
        raise


def connect(settings: Mapping[str, str], *, asynchronous: bool = False) -> Any:
    """A psycopg2 connection of its own beside the pool, for work that takes long: it keeps no budget of time, and has
    `settings` beside those of every connection. `asynchronous`: whoever uses it waits by itself. Raises
    `DatabaseUnavailable`.
    """
    with translated_errors():
        arguments, options = db.engine.dialect.create_connect_args(db.engine.url)
        options = {**options, **connection_options({**SESSION, **settings})}
        return psycopg2.connect(*arguments, async_=asynchronous, **options)


def committed() -> None:
    """Tell whoever keeps answers that the catalog has changed."""
    current_app.extensions[ON_COMMIT]()


def probe(seconds: float = 2.0) -> str | None:
    """The revision of the schema, read over a connection of its own, so that it waits for no pool.

    None where the database answers but was never migrated. Raises `DatabaseUnavailable`.
    """
    with translated_errors():
        arguments, options = db.engine.dialect.create_connect_args(db.engine.url)
        connection = psycopg2.connect(*arguments, **{**options, "connect_timeout": CONNECT_SECONDS})
        try:
            with within(connection, seconds), connection.cursor() as cursor:
                cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
                if not cursor.fetchone()[0]:
                    return None
                cursor.execute("SELECT version_num FROM alembic_version")
                found = cursor.fetchone()
                return found[0] if found else None
        finally:
            connection.close()


def init_app(app: Flask, url: str, connections: int, on_commit: Callable[[], None]) -> None:
    """Bind the application to the database at `url`, with a pool of `connections`.

    `on_commit` is called after each commit, before it is acknowledged.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(connections)
    db.init_app(app)
    app.extensions[ADMISSION] = Admission(connections)
    app.extensions[ON_COMMIT] = on_commit
    with app.app_context():
        event.listen(db.engine, "checkout", _expect_transactions)


def _expect_transactions(dbapi_connection: Any, *_: Any) -> None:
    """`fetch` leaves its connections in autocommit; whoever takes one from the pool begins in the usual mode."""
    dbapi_connection.autocommit = False
