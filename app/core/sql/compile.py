"""Compiles SQLAlchemy's expressions to the text of a statement, for the driver and for ``PREPARE``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Integer, Select, Text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.types import NullType

from extensions.database import Statement

_driver = PGDialect_psycopg2()
_server = PGDialect(paramstyle="numeric_dollar")


def compiled(statement: Select[*tuple[Any, ...]], *, prepared: bool = False) -> Statement:
    """Return a statement as text. `prepared`: connections prepare it, because one plan suits all values."""
    for_driver = statement.compile(dialect=_driver, compile_kwargs={"render_postcompile": True})
    constants = {name: value for name, value in for_driver.params.items() if value is not None}
    if not prepared:
        return Statement(str(for_driver), constants)
    for_server = statement.compile(dialect=_server, compile_kwargs={"render_postcompile": True})
    parameters = {name: _type_of(for_server.binds[name]) for name in for_server.positiontup or ()}
    return Statement(str(for_driver), constants, str(for_server), parameters)


def _type_of(parameter: BindParameter[Any]) -> str:
    """Return a parameter's type for Postgres.

    Postgres would infer the column's, which is too small for some values.
    """
    match parameter.type:
        case Integer():
            return "bigint"
        case Text():
            return "text"
        case NullType():
            return "unknown"
    return parameter.type.compile(_server)
