"""Transactions, for writes. A transaction that fails transiently is retried as a whole.

`transaction` runs work in a transaction of its own, or joins an `enclosing` transaction of the same thread.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Self, TypeVar

from flask import current_app
from sqlalchemy import Connection, RootTransaction, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.session import JoinTransactionMode

from extensions.cache import Area
from extensions.telemetry.timing import add_waiting, current_timing

from .deadline import Deadline, within
from .engine import (
    ATTEMPTS,
    BUDGET_SECONDS,
    CAUSE,
    CONNECT_SECONDS,
    INTEGRITY_RACE,
    SERIALIZATION,
    Retry,
    admission,
    committed,
    db,
    translated_errors,
)
from .limiter import Share
from .prepared import FORGOTTEN, WHOLE

Result = TypeVar("Result")

_SET_CAUSE = f"SET LOCAL {CAUSE} = %s"


def transaction(
    work: Callable[[Session], Result], *, long: bool = False, if_any: bool = False, area: Area | None = Area.CATALOG
) -> Result:
    """Run `work` in a transaction, commit it, and return the result of `work`.

    The transaction is retried after a deadlock, a `Retry` that `work` raises, a lost race for a unique or foreign key,
    a dead connection, or a connection without its prepared statements, so `work` may run several times. It is not
    retried if the connection is lost during the commit, because it may have been committed. The time budget is for
    everything, or for each statement if the work is `long`, such as a batch. `area`: what the commit invalidates, None
    if nothing is cached; with `if_any`, only if the result is not empty. Raises `DatabaseUnavailable`; an exception
    from `work` rolls back.

    Inside of `enclosing`, `work` runs in a savepoint: an exception rolls back the work alone. The enclosing transaction
    commits it, and is retried as a whole.
    """
    enclosed_by = _enclosing.get()
    if enclosed_by is not None:
        return enclosed_by.run(work, long=long, if_any=if_any, area=area)
    return _attempted(lambda attempt: attempt.run(work, long=long, if_any=if_any, area=area))


def enclosing(work: Callable[[], Result], first: Callable[[Connection], None]) -> Result:
    """Run `work`, commit all transactions in it as one, and return the result of `work`.

    The common transaction begins with the first of them, so `work` holds no connection before, and `first` runs at its
    beginning. It is retried as `transaction` does it, with `work` from the beginning, and has one time budget. All
    areas that they change get new generations after the commit. A `fetch` in `work` does not see what the transaction
    wrote. Raises `DatabaseUnavailable`; an exception from `work` or `first` rolls back everything.
    """

    def run(attempt: _Attempt) -> Result:
        token = _enclosing.set(attempt)
        try:
            return work()
        finally:
            _enclosing.reset(token)

    return _attempted(run, first)


class _Budget:
    """What the attempts of a transaction share: a slot and the time, from its beginning on."""

    def __init__(self) -> None:
        self._slot = contextlib.ExitStack()
        self._deadline = math.inf
        self.is_unprepared = False  # whether a connection lacked its prepared statements

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._slot.close()

    @property
    def last_attempt(self) -> float:
        """When the last attempt can begin: later, no connection can be opened in time."""
        return self._deadline - CONNECT_SECONDS

    def begin(self) -> None:
        """Start the time and take the slot, unless an earlier attempt did."""
        if self._deadline == math.inf:
            self._deadline = time.monotonic() + BUDGET_SECONDS
            self._slot.enter_context(admission().slot(self.last_attempt, Share.WRITES))

    def seconds(self) -> float:
        return self._deadline - time.monotonic()


class _Attempt:
    """One attempt of a transaction. It takes a connection when work first needs one."""

    def __init__(self, budget: _Budget, first: Callable[[Connection], None] | None) -> None:
        self._budget, self._first = budget, first
        self._exits = contextlib.ExitStack()
        self._transaction: RootTransaction | None = None
        self._limit: Deadline
        self._is_committing = False
        self._areas: set[Area] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.__exit__(kind, error, trace)

    @property
    def changed_areas(self) -> set[Area]:
        """The areas that may have changed. A commit may have succeeded even if it raised an error."""
        return self._areas if self._is_committing else set()

    def run(self, work: Callable[[Session], Result], *, long: bool, if_any: bool, area: Area | None) -> Result:
        """Run work in the transaction, or in a savepoint if the transaction encloses others."""
        connection = (self._transaction or self._begin()).connection
        if long:
            limit = self._limit
            event.listen(connection, "before_cursor_execute", lambda *_: limit.renew(BUDGET_SECONDS))
        mode: JoinTransactionMode = "rollback_only" if self._first is None else "create_savepoint"
        session = Session(connection, expire_on_commit=False, join_transaction_mode=mode)
        with contextlib.closing(session):
            result = work(session)
            session.commit()  # flushes; the transaction itself is committed by `commit`
        if area is not None and (not if_any or result):
            self._areas.add(area)
        return result

    def commit(self) -> None:
        """Commit the transaction, if it has begun."""
        if self._transaction is not None:
            self._is_committing = True
            timing, began = current_timing(), time.perf_counter()
            try:
                self._transaction.commit()
            finally:
                if timing is not None:
                    timing.used_database(began, "COMMIT", statements=0)

    def can_retry(self, error: Retry | DBAPIError) -> bool:
        """Whether the next attempt may succeed after this error."""
        if isinstance(error, Retry):
            return True
        code = getattr(error.orig, "pgcode", None) or ""
        is_lost = error.connection_invalidated and not self._is_committing
        self._budget.is_unprepared |= code in FORGOTTEN
        return is_lost or code.startswith(SERIALIZATION) or code in (*INTEGRITY_RACE, *FORGOTTEN)

    def _begin(self) -> RootTransaction:
        self._budget.begin()
        # The connection returns to the pool after `within`, which must not shut it down under another user.
        began = time.perf_counter()
        try:
            connection = self._exits.enter_context(db.engine.connect())
        finally:
            add_waiting(began)
        connection.execution_options(**{WHOLE: self._budget.is_unprepared})
        self._limit = self._exits.enter_context(within(connection.connection.dbapi_connection, self._budget.seconds()))
        begun = connection.begin()
        self._exits.callback(begun.close)  # rolls back, unless it is committed
        connection.exec_driver_sql(_SET_CAUSE, (current_app.extensions[CAUSE](),))
        if self._first is not None:
            self._first(connection)
        self._transaction = begun
        return begun


_enclosing: ContextVar[_Attempt | None] = ContextVar("enclosing transaction", default=None)


def _attempted(work: Callable[[_Attempt], Result], first: Callable[[Connection], None] | None = None) -> Result:
    """Run work in one attempt after another, until one is committed."""
    attempt: _Attempt | None = None
    try:
        with translated_errors(), _Budget() as budget:
            for attempts_left in reversed(range(ATTEMPTS)):
                attempt = _Attempt(budget, first)
                try:
                    with attempt:
                        result = work(attempt)
                        attempt.commit()
                        return result
                except (Retry, DBAPIError) as error:
                    if not attempt.can_retry(error) or not attempts_left or time.monotonic() > budget.last_attempt:
                        raise
    finally:
        if attempt is not None and attempt.changed_areas:
            committed(*attempt.changed_areas)
    raise AssertionError("unreachable")
