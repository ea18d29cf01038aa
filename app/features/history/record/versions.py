"""Versions: the whole representation of a record, as it was after one of its changes."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus

from flask import Response
from sqlalchemy.dialects.postgresql.base import PGDialect

from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_options
from app.core.resource import Resource
from app.features.history.change import named_contributors
from app.features.history.positions import last_position
from app.http.headers.negotiation import require_acceptable
from app.http.problems import NotFound
from app.http.responses import write_response
from app.values.json_value import compact
from extensions.database import Statement, fetch

from .past import State, find_previous, no_such_change, read_past, require_existence

CONTRIBUTORS = "authors"  # the field of books whose items have names

_dialect = PGDialect()


def show_version(resource: Resource, record_id: int, position: int) -> Response:
    """Return the response to a GET of a version of a record.

    404 if the position is not a change of the record, or its deletion; 410 if it is no longer kept.
    """
    parse_options(request_pairs())
    require_acceptable()
    last_position()
    past = read_past(fetch, resource, record_id, position)
    change = past.find()
    if change is None:
        require_existence(fetch, resource, record_id)
        past.require_kept()
        raise NotFound(no_such_change(resource, record_id, position))
    state = past.state()
    if state is None:
        previous = find_previous(fetch, resource, record_id, position)
        last = f" Its last version is {previous}." if previous else ""
        raise NotFound(f"The {resource.noun} {record_id} was {change.op} by the change {position}.{last}")
    if CONTRIBUTORS in state:
        assert change.first_position is not None
        state[CONTRIBUTORS] = named_contributors(state[CONTRIBUTORS], change.first_position + 1)
    return write_response(_text(resource, state), HTTPStatus.OK, tagged=False)


def _text(resource: Resource, state: State) -> str:
    """Return the JSON text of a state, written by Postgres as that of every representation."""
    [(text,)] = fetch(_text_statement(resource), {"state": compact(state)})
    return str(text)


@cache
def _text_statement(resource: Resource) -> Statement:
    columns = ", ".join(
        f'"{name}" {"json" if field.expression else resource.table.c[name].type.compile(_dialect)}'
        for name, field in resource.fields.items()
    )
    return Statement(
        "SELECT CAST(row_to_json(document) AS text) "
        f"FROM json_to_record(CAST(%(state)s AS json)) AS document({columns})"
    )
