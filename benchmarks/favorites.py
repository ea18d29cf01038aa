"""Moves of favorites within a full category: the statement in Postgres, and the whole request."""

from __future__ import annotations

import contextlib
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any, NamedTuple

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from app.features.accounts.credentials.secret import Kind, secret_of
from app.features.favorites.models import FAVORITES_MOST
from app.features.favorites.ranking.ranks import STORE_RANKS

from . import contestants
from .database import Cluster

TIMES = 200  # moves of each kind
DATABASE = "favorites"
OTHERS = 50  # further full categories
TOKEN = secret_of(Kind.SESSION, 1)
# The ranks that favorites move from and to.
MOVES: dict[str, Callable[[random.Random], tuple[int, int]]] = {
    "first to last": lambda chance: (1, FAVORITES_MOST),
    "last to first": lambda chance: (FAVORITES_MOST, 1),
    "anywhere": lambda chance: (chance.randint(1, FAVORITES_MOST), chance.randint(1, FAVORITES_MOST)),
    "one place": lambda chance: (500, 501),
}


class Times(NamedTuple):
    """Milliseconds."""

    median: float
    p99: float
    most: float


def measure(cluster: Cluster) -> Iterator[tuple[str, Times]]:
    """Yield the times of each kind of move: of the statement, and of the request to one worker."""
    cluster.new(DATABASE)
    with cluster.connect(DATABASE) as connection, connection.cursor() as cursor:
        _fill(cursor)
        sql = str(STORE_RANKS.compile(dialect=PGDialect_psycopg2()))
        for name, move in MOVES.items():
            yield f"{name}: statement", _times([_statement(cursor, sql, move, each) for each in range(TIMES)])
        settings = {"WEB_CONCURRENCY": "1", "CACHE_DEFAULT_TIMEOUT": "10"}
        with contestants.this(cluster, DATABASE, **settings) as service:
            host = service.address.removeprefix("http://")
            with contextlib.closing(HTTPConnection(host, timeout=60)) as client:
                for name, move in MOVES.items():
                    yield f"{name}: request", _times([_request(client, cursor, move, each) for each in range(TIMES)])


def _fill(cursor: Any) -> None:
    columns = "email, email_key, role, password_hash"
    cursor.execute(f"INSERT INTO accounts ({columns}) VALUES ('a', 'a', 'reader', '') RETURNING id")
    [account_id] = cursor.fetchone()
    cursor.execute(
        "INSERT INTO tokens (account_id, kind, digest, hint, expires_at) "
        "VALUES (%s, 'session', %s, %s, now() + interval '1 day')",
        (account_id, TOKEN.digest, TOKEN.hint),
    )
    cursor.execute(
        "INSERT INTO categories (account_id, name) SELECT %s, 'Category ' || n FROM generate_series(0, %s) AS n",
        (account_id, OTHERS),
    )
    cursor.execute(
        "INSERT INTO favorites (account_id, category_id, ranking, title, attributes) "
        "SELECT account_id, id, n, 'Favorite ' || n, '{\"mood\": \"hopeful\"}' "
        "FROM categories, generate_series(1, %s) AS n",
        (FAVORITES_MOST,),
    )
    cursor.execute("VACUUM (ANALYZE) favorites")


def _order(cursor: Any) -> list[int]:
    cursor.execute("SELECT id FROM favorites WHERE category_id = 1 ORDER BY ranking")
    return [row[0] for row in cursor.fetchall()]


def _statement(cursor: Any, sql: str, move: Callable[[random.Random], tuple[int, int]], seed: int) -> float:
    """Move a favorite, and return the milliseconds that Postgres took, with the check of the constraint."""
    source, target = move(random.Random(seed))
    order = _order(cursor)
    order.insert(target - 1, order.pop(source - 1))
    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", {"ids": order})
    [[plan]] = cursor.fetchone()
    return float(plan["Planning Time"] + plan["Execution Time"])


def _request(client: HTTPConnection, cursor: Any, move: Callable[[random.Random], tuple[int, int]], seed: int) -> float:
    """Move a favorite by a PATCH, and return the milliseconds until its response."""
    source, target = move(random.Random(seed))
    favorite = _order(cursor)[source - 1]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN.text}"}
    started = time.perf_counter()
    client.request("PATCH", f"/favorites/{favorite}", json.dumps({"ranking": target}), headers)
    response = client.getresponse()
    body = response.read()
    taken = time.perf_counter() - started
    if response.status != 200:
        raise RuntimeError(f"The move failed with {response.status}: {body!r}")
    return taken * 1e3


def _times(milliseconds: list[float]) -> Times:
    ordered = sorted(milliseconds)
    return Times(statistics.median(ordered), ordered[int(len(ordered) * 0.99) - 1], ordered[-1])
