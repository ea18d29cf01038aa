"""A statement as it is sent: with its values filled in by the driver, or by the name that a connection knows it by."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import psycopg2
from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError

KNOWN = "catalog.prepared"  # in the `info` of a connection: name → when it was prepared
WHOLE = "catalog_whole"  # an option of a connection: all statements go over it whole
PLAN_SECONDS = 10.0  # a table may have grown; a new plan every now and then costs nothing
MOST = 200  # statements that one connection knows; each holds some memory of the server
# A pooler may give each transaction another connection, which knows other statements; and a schema may change.
UNKNOWN, TAKEN, CHANGED = FORGOTTEN = ("26000", "42P05", "0A000")

Values = Mapping[str, Any]
Info = MutableMapping[Any, Any]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Statement:
    """`sql` in psycopg2's form (``%(name)s``), with the values that stand in it for good.

    `prepared`, where one plan is good for all values: the same in Postgres' form (``$1``), and its parameters in their
    order, each with its type.
    """

    sql: str
    constants: dict[str, Any] = field(default_factory=dict)
    prepared: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """By what it says, so that whoever uses the connection after us means the same by it."""
        said = f"{self.prepared} {self.parameters}"
        return f"catalog_{hashlib.sha256(said.encode()).hexdigest()[:24]}"

    @cached_property
    def _execute(self) -> str:
        arguments = ", ".join(["%s"] * len(self.parameters))
        return f"EXECUTE {self.name}({arguments})" if arguments else f"EXECUTE {self.name}"

    @cached_property
    def _prepare(self) -> str:
        types = f"({', '.join(self.parameters.values())})" if self.parameters else ""
        return f"PREPARE {self.name}{types} AS {self.prepared}; ".replace("%", "%%")

    def run(self, cursor: Any, info: Info, values: Values) -> None:
        """Execute it with `values`; `info` is what is kept beside the cursor's connection, which is in autocommit."""
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
        """Execute it with `values` in the transaction of a connection; its result.

        Where the connection does not know it any more, the transaction fails with one of the `FORGOTTEN`; it can be
        tried again, best with the option `WHOLE`: the next connection may know as little.
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
            known[self.name] = now  # also where it fails: it stays prepared when a transaction is rolled back
        try:
            return execute(sql, tuple(values[name] for name in self.parameters))
        except (psycopg2.Error, DBAPIError) as error:
            code = getattr(getattr(error, "orig", error), "pgcode", None)
            if code == UNKNOWN:
                known.clear()  # who forgot one forgot all
            elif code == CHANGED:
                known.update(dict.fromkeys(known, -math.inf))  # it still knows them, and must be told anew
            raise

    def _make_room(self, known: dict[str, float]) -> str:
        """The SQL that makes the connection forget an old plan of this statement, or of the one prepared first."""
        old = self.name if self.name in known else next(iter(known)) if len(known) >= MOST else None
        if old is None:
            return ""
        del known[old]
        return f"DEALLOCATE {old}; "
