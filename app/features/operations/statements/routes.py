"""``/ops/statements``."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response

from app.core.openapi import describe
from app.core.query.pairs import request_pairs
from app.core.query.reader import ParameterReader
from app.http.access.rights import ADMIN, requires
from app.http.headers.negotiation import require_acceptable
from app.http.responses import live_response
from app.values.json_value import compact

from .openapi import LIMIT_DEFAULT, LIMIT_MOST, LIST_STATEMENTS
from .read import SORTS, read_report

statements = Blueprint("statements", __name__)


@statements.get("/ops/statements")
@describe(LIST_STATEMENTS, link="statements")
@requires(ADMIN)
def index() -> Response:
    """List the statements that took the most time of Postgres, each with the routes that sent it.

    The statistics are those of `pg_stat_statements`: of all workers and machines, since their last reset. They have no
    values.
    """
    reader = ParameterReader(request_pairs())
    sort, limit = reader.single("sort"), reader.integer("limit", 1, LIMIT_MOST)
    if sort is not None and sort not in SORTS:
        reader.add_fault("sort", "not_allowed", f"sort takes {' or '.join(SORTS)}.")
    reader.refuse_rest(("sort", "limit"))
    reader.raise_faults()
    require_acceptable()
    sort, limit = sort or "total", limit or LIMIT_DEFAULT
    report = read_report(sort, limit)
    meta = {
        "count": report.count,
        "total_ms": report.total_ms,
        "since": report.since,
        "dropped": report.dropped,
        "sort": sort,
        "limit": limit,
    }
    data = [asdict(statement) for statement in report.statements]
    return live_response(compact({"data": data, "meta": meta}).encode())
