"""Statements: sent as text, or prepared once per connection and executed by name."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import psycopg2
from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError

KNOWN = "catalog.prepared"  # key in the `info` of a connection: names of prepared statements → when prepared
WHOLE = "catalog_whole"  # execution option of a connection: send all statements as text
PLAN_SECONDS = 10.0  # after which a statement is prepared and planned again, because a table may have grown
MOST = 200  # prepared statements per connection, because each takes memory of the server
# SQLSTATEs of a connection whose prepared statements differ from those expected: a connection pooler may assign another
# connection to each transaction, and a migration may change the schema.
UNKNOWN, TAKEN, CHANGED = FORGOTTEN = ("26000", "42P05", "0A000")

MOST_TEXTS = 1000  # statements whose text is remembered by name
_EXECUTED = re.compile(r"EXECUTE (catalog_[0-9a-f]{24})", re.ASCII)
_texts: dict[str, str] = {}  # of this process: name → text

Values = Mapping[str, Any]
Info = MutableMapping[Any, Any]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Statement:
    """The SQL of a statement; `prepared` is set if one plan suits all values."""

    sql: str  # in psycopg2's format, ``%(name)s``
    constants: dict[str, Any] = field(default_factory=dict)  # values of parameters that are always the same
    prepared: str | None = None  # the same in the format of Postgres, ``$1``
    parameters: dict[str, str] = field(default_factory=dict)  # of `prepared`, in order: name → SQL type

    @cached_property
    def name(self) -> str:
        """The name of the prepared statement, or of a cursor.

        Derived from the SQL text, so another user of a pooled connection can only mean the same statement by this name.
        """
        text = f"{self.prepared or self.sql} {self.parameters}"
        name = f"catalog_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
        if len(_texts) >= MOST_TEXTS:
            _texts.pop(next(iter(_texts)), None)
        _texts[name] = self.prepared or self.sql
        return name

    @cached_property
    def _execute(self) -> str:
        arguments = ", ".join(["%s"] * len(self.parameters))
        return f"EXECUTE {self.name}({arguments})" if arguments else f"EXECUTE {self.name}"

    @cached_property
    def _prepare(self) -> str:
        types = f"({', '.join(self.parameters.values())})" if self.parameters else ""
        return f"PREPARE {self.name}{types} AS {self.prepared}; ".replace("%", "%%")

    def run(self, cursor: Any, info: Info, values: Values) -> None:
        """Execute the statement; `info` belongs to the cursor's connection, which is in autocommit."""
        values = {**self.constants, **values}
        if self.prepared is None:
            cursor.execute(self.sql, values)
            return
        try:
            self._run_prepared(cursor.execute, info, values)
        except psycopg2.Error as error:
            if error.pgcode not in FORGOTTEN:
                raise
            cursor.execute(self.sql, values)

    def run_within(self, connection: Connection, values: Values) -> CursorResult[Any]:
        """Execute the statement in the transaction of a connection, and return its result.

        If the connection lacks the prepared statement, the transaction fails with one of the SQLSTATEs `FORGOTTEN`. A
        retry should set the option `WHOLE`, because the next connection may lack it too.
        """
        values = {**self.constants, **values}
        if self.prepared is None or connection.get_execution_options().get(WHOLE):
            return connection.exec_driver_sql(self.sql, values)
        return self._run_prepared(connection.exec_driver_sql, connection.connection.info, values)

    def _run_prepared(self, execute: Callable[[str, tuple[Any, ...]], Result], info: Info, values: Values) -> Result:
        known: dict[str, float] = info.setdefault(KNOWN, {})
        sql, now = self._execute, time.monotonic()
        if now - known.get(self.name, -math.inf) >= PLAN_SECONDS:
            sql = f"{self._make_room(known)}{self._prepare}{sql}"
            known[self.name] = now  # even if it fails, because it stays prepared when a transaction is rolled back
        try:
            return execute(sql, tuple(values[name] for name in self.parameters))
        except (psycopg2.Error, DBAPIError) as error:
            code = getattr(getattr(error, "orig", error), "pgcode", None)
            if code == UNKNOWN:
                known.clear()  # it is another connection, which lacks all of them
            elif code == CHANGED:
                known.update(dict.fromkeys(known, -math.inf))  # they exist, but must be prepared again
            raise

    def _make_room(self, known: dict[str, float]) -> str:
        """Return the SQL that deallocates this statement, or the oldest if there are too many."""
        old = self.name if self.name in known else next(iter(known)) if len(known) >= MOST else None
        if old is None:
            return ""
        del known[old]
        return f"DEALLOCATE {old}; "


def shape_of(sql: str) -> str:
    """Return the text of a statement that was sent as `sql`, with placeholders and without values, on one line."""
    executed = _EXECUTED.search(sql)
    text = _texts.get(executed[1], executed[1]) if executed else sql
    return " ".join(text.split())
