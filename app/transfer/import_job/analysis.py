"""The ANALYZE after an import that has changed a large share of the catalog: a job, because it may take a minute."""

from __future__ import annotations

import contextlib
from functools import partial

from extensions.database import connect, transaction
from extensions.jobs import enqueue

# A large catalog is analyzed for longer than a statement of a request may run.
_SETTINGS = {"application_name": "catalog-job", "statement_timeout": "0", "lock_timeout": "0"}


def enqueue_analysis() -> int:
    """Create the job, unless one is queued or running, and return its id. Raises `DatabaseUnavailable`.

    The job is committed. The caller runs it, or sends a hint of it.
    """
    return transaction(partial(enqueue, kind="analyze", key="analyze"), area=None).id


def analyze() -> None:
    """Update the statistics of the planner. Raises `DatabaseUnavailable`."""
    with contextlib.closing(connect(_SETTINGS)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("ANALYZE books, authors, contributions")
