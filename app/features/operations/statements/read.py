"""Reads ``pg_stat_statements``: the statements of this database by total or mean time.

Its texts have ``$1`` in place of values, but not everywhere: Postgres drops an ORDER BY expression that repeats a
column of the result, and then keeps its text as it was sent. So string literals are replaced here. The FETCHes of a
cursor count as its DECLARE, which does no work itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import psycopg2
from flask import current_app

from app.http.problems import Unavailable
from extensions.database import Share, Statement, fetch
from extensions.origins import KEY_IN_MARK, ORIGINS, Origins, unmarked

SORTS = {"total": "total_ms", "mean": "mean_ms"}
SETUP_SECONDS = 60  # for `Retry-After`: an administrator must act
NOT_LOADED = "55000"  # SQLSTATE: the library is not among `shared_preload_libraries`

# A string literal of SQL: E'' with backslash escapes, or a plain one. A quote in it is doubled.
_literal = re.compile(r"\b[Ee]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'", re.DOTALL)

_EXISTS = Statement("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')")
# Commands that the service sends. Postgres keeps the values of others, such as the password of ALTER ROLE.
_COMMANDS = (
    "^(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|PREPARE|DECLARE|FETCH|CLOSE|COPY|ANALYZE|LOCK|BEGIN|COMMIT|ROLLBACK"
    "|SAVEPOINT|RELEASE|DEALLOCATE)\\M"
)


@dataclass(frozen=True)
class Measured:
    """A statement and its statistics; all times are milliseconds."""

    query: str
    routes: list[str]
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    stddev_ms: float
    rows: int
    share: float  # of the time of all statements, 0 to 1


@dataclass(frozen=True)
class Report:
    """Statements, and what the statistics cover."""

    statements: list[Measured]
    count: int  # of all statements
    total_ms: float  # of all statements
    since: str | None  # when the statistics began, RFC 3339
    dropped: int  # how often the least used statements were dropped, because there were too many


def read_report(sort: str, limit: int) -> Report:
    """Return the `limit` statements with the most time. `sort` is a key of `SORTS`.

    Raises `Unavailable` if the server does not collect statistics, and `DatabaseUnavailable`.
    """
    rows = _fetched(_STATEMENTS[sort], {"limit": limit})
    [(dropped, since)] = _fetched(_COVERAGE, {})
    origins: Origins = current_app.extensions[ORIGINS]
    if origins.is_large():
        origins.keep({key for (key,) in _fetched(_KEYS, {})})
    recorded = origins.routes()
    statements, count, total = [], 0, 0.0
    for text, *statistics, count, total in rows:  # noqa: B007 - of all statements
        statements.append(_measured(text, statistics, recorded))
    return Report(statements, count, _rounded(total), since, dropped)


def _measured(text: str, statistics: list[Any], recorded: dict[str, set[str]]) -> Measured:
    query, route, key = unmarked(_literal.sub("'…'", text))
    calls, total, mean, longest, deviation, rows, share = statistics
    return Measured(
        query=query,
        routes=sorted({route, *recorded.get(key, ())} - {""}),
        calls=int(calls),
        total_ms=_rounded(total),
        mean_ms=_rounded(mean),
        max_ms=_rounded(longest),
        stddev_ms=_rounded(deviation),
        rows=int(rows),
        share=round(share, 4),
    )


def _fetched(statement: Statement, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    try:
        if fetch(_EXISTS, {})[0][0]:
            return fetch(statement, values, share=Share.SLOW_READS)
    except psycopg2.Error as error:
        if error.pgcode != NOT_LOADED:
            raise
        raise Unavailable(
            "Postgres does not collect statistics of statements. Start it with "
            "shared_preload_libraries = 'pg_stat_statements', then send the request again.",
            SETUP_SECONDS,
        ) from None
    raise Unavailable(
        "This database lacks the extension pg_stat_statements. Run CREATE EXTENSION pg_stat_statements in it as a "
        "superuser, then send the request again.",
        SETUP_SECONDS,
    )


def _rounded(milliseconds: float) -> float:
    return round(float(milliseconds), 3)


_CURSOR = "substring(query FROM '^(?:DECLARE|FETCH [0-9]+ FROM)(?: /[*].*[*]/)? (catalog_[0-9a-f]{24}_[0-9]+)')"
_MEASURED = f"""
    SELECT query, calls, total, total / greatest(calls, 1) AS mean, longest, deviation, rows,
        total / greatest(sum(total) OVER (), 1e-9) AS share, count(*) OVER () AS count, sum(total) OVER () AS everything
    FROM (
        SELECT coalesce(max(query) FILTER (WHERE query LIKE 'DECLARE%%'), max(query)) AS query,
            CASE WHEN bool_or(query LIKE 'DECLARE%%') THEN sum(calls) FILTER (WHERE query LIKE 'DECLARE%%')
                ELSE sum(calls) END AS calls,
            sum(total_exec_time) AS total, max(max_exec_time) AS longest, max(stddev_exec_time) AS deviation,
            sum(rows) AS rows
        FROM (
            SELECT *, coalesce({_CURSOR}, queryid::text) AS key FROM pg_stat_statements
            WHERE toplevel AND query ~ '{_COMMANDS}'
                AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        ) AS collected
        GROUP BY key
    ) AS grouped
"""
_STATEMENTS = {
    sort: Statement(f"{_MEASURED} ORDER BY {column} DESC, query LIMIT %(limit)s")
    for sort, column in (("total", "total"), ("mean", "mean"))
}
_COVERAGE = Statement("""
    SELECT dealloc, to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM pg_stat_statements_info
""")
_KEYS = Statement(rf"SELECT DISTINCT substring(query FROM '{KEY_IN_MARK}') FROM pg_stat_statements")
