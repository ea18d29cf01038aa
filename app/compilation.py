"""From SQLAlchemy's expressions to the text of a statement, as the driver takes it and as connections prepare it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Integer, Select, Text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.types import NullType

from extensions.statement import Statement

_driver = PGDialect_psycopg2()
_server = PGDialect(paramstyle="numeric_dollar")


def compiled(statement: Select[*tuple[Any, ...]], *, prepared: bool = False) -> Statement:
    """A statement as text; `prepared`: one plan is good for all its values."""
    for_driver = statement.compile(dialect=_driver, compile_kwargs={"render_postcompile": True})
    constants = {name: value for name, value in for_driver.params.items() if value is not None}
    if not prepared:
        return Statement(str(for_driver), constants)
    for_server = statement.compile(dialect=_server, compile_kwargs={"render_postcompile": True})
    parameters = {name: _type_of(for_server.binds[name]) for name in for_server.positiontup or ()}
    return Statement(str(for_driver), constants, str(for_server), parameters)


def _type_of(parameter: BindParameter[Any]) -> str:
    """The type of a parameter for the server, which would take the column's: too small for some of the numbers that a
    column can be compared with.
    """
    match parameter.type:
        case Integer():
            return "bigint"
        case Text():
            return "text"
        case NullType():
            return "unknown"
    return parameter.type.compile(_server)
