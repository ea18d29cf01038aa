"""Transactions that enclose others: one commit, one retry, one invalidation."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from extensions.database import DatabaseUnavailable, Retry, enclosing, engine, transaction
from extensions.database.engine import ATTEMPTS, ON_COMMIT
from tests.support.application import Statements
from tests.support.databases import execute

Step = Callable[[], Any]


def nothing(connection: Connection) -> None:
    """The beginning of an enclosing transaction that needs none."""


def insert(word: str, **options: Any) -> int:
    """Insert a row in a transaction, and return the number of rows."""

    def work(session: Session) -> int:
        session.execute(text("INSERT INTO words (word) VALUES (:word)"), {"word": word})
        return 1

    return transaction(work, **options)


def fail(session: Session) -> None:
    session.execute(text("INSERT INTO words (word) VALUES ('lost')"))
    raise LookupError


def fail_and_go_on() -> None:
    with contextlib.suppress(LookupError):
        transaction(fail)


def sleep(session: Session) -> None:
    session.execute(text("SELECT pg_sleep(1)"))


@pytest.fixture
def words(database_url: str) -> Iterator[Callable[[], list[str]]]:
    """A table of unique words; returns those that are committed."""
    execute(database_url, "CREATE TABLE words (word text UNIQUE)")
    yield lambda: [word for (word,) in execute(database_url, "SELECT word FROM words ORDER BY word")]
    execute(database_url, "DROP TABLE words")


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


@pytest.fixture
def invalidations(context: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of the area of each invalidation."""
    found: list[str] = []
    monkeypatch.setitem(context.extensions, ON_COMMIT, lambda area: found.append(area.name))
    return found


@pytest.mark.usefixtures("context")
def test_enclosed_transactions_commit_as_one(words: Callable[[], list[str]]) -> None:
    seen: list[list[str]] = []

    def work() -> str:
        insert("one")
        insert("two", long=True)
        seen.append(words())
        return "result"

    assert enclosing(work, nothing) == "result"
    assert seen == [[]]
    assert words() == ["one", "two"]


@pytest.mark.usefixtures("context")
def test_the_beginning_runs_in_the_same_transaction(words: Callable[[], list[str]]) -> None:
    def begin(connection: Connection) -> None:
        connection.execute(text("INSERT INTO words (word) VALUES ('begun')"))

    enclosing(lambda: insert("one"), begin)
    assert words() == ["begun", "one"]
    with pytest.raises(DBAPIError, match="unique"):
        enclosing(lambda: insert("one"), nothing)
    assert words() == ["begun", "one"]


@pytest.mark.usefixtures("context")
def test_nothing_runs_after_a_beginning_that_fails(words: Callable[[], list[str]]) -> None:
    def refuse(connection: Connection) -> None:
        raise LookupError

    def work() -> None:
        with contextlib.suppress(LookupError):
            insert("one")
        insert("two")

    with pytest.raises(LookupError):
        enclosing(work, refuse)
    assert words() == []


@pytest.mark.usefixtures("context")
def test_work_without_a_transaction_sends_no_statement(statements: Statements) -> None:
    assert enclosing(lambda: "result", nothing) == "result"
    assert statements == []


@pytest.mark.usefixtures("context")
def test_an_exception_rolls_back_everything(words: Callable[[], list[str]]) -> None:
    def work() -> None:
        insert("one")
        transaction(fail)

    with pytest.raises(LookupError):
        enclosing(work, nothing)
    assert words() == []


@pytest.mark.usefixtures("context")
def test_a_handled_exception_rolls_back_its_own_work(words: Callable[[], list[str]]) -> None:
    def work() -> None:
        insert("one")
        fail_and_go_on()
        with contextlib.suppress(DBAPIError):
            insert("one")
        insert("two")

    enclosing(work, nothing)
    assert words() == ["one", "two"]


@pytest.mark.usefixtures("context")
def test_the_connection_of_an_enclosing_transaction_comes_back(words: Callable[[], list[str]]) -> None:
    for number in range(20):  # more than there are connections
        with contextlib.suppress(LookupError):
            enclosing(lambda number=number: insert(f"{number}") and transaction(fail), nothing)  # type: ignore[misc]
    insert("last")
    assert words() == ["last"]
    assert engine.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def retried(session: Session) -> None:
    raise Retry


def lost(session: Session) -> None:
    session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def unprepared(session: Session) -> None:
    session.execute(text("EXECUTE no_such_statement"))


def deadlocked(session: Session) -> None:
    session.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("failure", [retried, lost, unprepared, deadlocked])
def test_the_enclosing_transaction_starts_again_as_a_whole(
    words: Callable[[], list[str]], failure: Callable[[Session], None]
) -> None:
    beginnings: list[Connection] = []
    attempts: list[int] = []

    def work() -> int:
        attempts.append(1)
        insert("one")
        insert(f"attempt {len(attempts)}")
        if len(attempts) == 1:
            transaction(failure)
        return len(attempts)

    assert enclosing(work, beginnings.append) == 2
    assert len(beginnings) == 2
    assert words() == ["attempt 2", "one"]


@pytest.mark.usefixtures("context")
def test_a_transaction_that_always_fails_ends(words: Callable[[], list[str]]) -> None:
    attempts: list[int] = []

    def work() -> None:
        attempts.append(insert("one"))
        transaction(retried)

    with pytest.raises(Retry):
        enclosing(work, nothing)
    assert len(attempts) == ATTEMPTS
    assert words() == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([lambda: insert("one"), lambda: insert("two")], ["CATALOG"]),
        ([lambda: insert("one", if_any=True)], ["CATALOG"]),
        ([lambda: insert("one", if_any=True), lambda: transaction(lambda _: 0, if_any=True)], ["CATALOG"]),
        ([lambda: transaction(lambda _: 0, if_any=True), lambda: transaction(lambda _: None, if_any=True)], []),
        ([lambda: fail_and_go_on()], []),
        ([], []),
    ],
    ids=["changes", "a result", "a result and none", "no results", "rolled back", "no transaction"],
)
def test_caches_are_invalidated_once_if_anything_changed(
    words: Callable[[], list[str]], invalidations: list[str], steps: list[Step], expected: list[str]
) -> None:
    enclosing(lambda: [step() for step in steps], nothing)
    assert invalidations == expected


def test_caches_are_kept_until_the_commit(words: Callable[[], list[str]], invalidations: list[str]) -> None:
    def work() -> list[str]:
        insert("one")
        return list(invalidations)

    assert enclosing(work, nothing) == []
    assert invalidations == ["CATALOG"]


def test_a_failed_transaction_keeps_caches(words: Callable[[], list[str]], invalidations: list[str]) -> None:
    with pytest.raises(LookupError):
        enclosing(lambda: insert("one") and transaction(fail), nothing)
    assert invalidations == []


# At the commit, the backend ends itself.
LOST_AT_COMMIT = """
    CREATE FUNCTION end_backend() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER end_backend AFTER INSERT ON words DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION end_backend();
"""


def test_a_connection_lost_at_the_commit_is_not_retried(
    words: Callable[[], list[str]], invalidations: list[str], database_url: str
) -> None:
    execute(database_url, LOST_AT_COMMIT)
    attempts: list[int] = []
    try:
        with pytest.raises(DatabaseUnavailable):
            enclosing(lambda: attempts.append(insert("one")), nothing)
    finally:
        execute(database_url, "DROP FUNCTION end_backend CASCADE")
    assert attempts == [1]
    assert invalidations == ["CATALOG"]  # the commit could have succeeded
    assert words() == []


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(("is_long", "expected"), [(True, ["one"]), (False, [])], ids=["long", "short"])
def test_long_work_alone_renews_the_limit(
    words: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, is_long: bool, expected: list[str]
) -> None:
    monkeypatch.setattr("extensions.database.transactions.BUDGET_SECONDS", 2.5)

    def work() -> None:
        transaction(sleep, long=is_long)
        transaction(sleep)
        transaction(sleep)
        insert("one")

    with contextlib.nullcontext() if is_long else pytest.raises(DatabaseUnavailable):
        enclosing(work, nothing)
    assert words() == expected


def test_threads_do_not_share_an_enclosing_transaction(context: Flask, words: Callable[[], list[str]]) -> None:
    def insert_elsewhere() -> None:
        with context.app_context():
            insert("other")

    def work() -> list[str]:
        insert("one")
        thread = threading.Thread(target=insert_elsewhere)
        thread.start()
        thread.join()
        return words()

    assert enclosing(work, nothing) == ["other"]
    assert words() == ["one", "other"]
