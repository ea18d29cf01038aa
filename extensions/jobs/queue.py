"""The queue: jobs are created, cancelled and queued again by one statement each.

These functions send no message; call `hints.send_hint` after the commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from .kinds import kinds

_ENQUEUE = text("""
    INSERT INTO jobs (kind, key, lane, account_id, request_id, payload, due_at)
    VALUES (:kind, :key, :lane, :account_id, :request_id, CAST(:payload AS jsonb),
        now() + make_interval(secs => :delay))
    ON CONFLICT (kind, key) WHERE key IS NOT NULL AND state IN ('queued', 'running') DO NOTHING
    RETURNING id
""")
_FIND_ACTIVE = text("SELECT id FROM jobs WHERE kind = :kind AND key = :key AND state IN ('queued', 'running')")
_CANCEL = text("""
    UPDATE jobs SET cancel_requested = true,
        state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END,
        finished_at = CASE state WHEN 'queued' THEN now() END
    WHERE id = :id AND state IN ('queued', 'running')
    RETURNING state
""")
_RETRY = text("""
    UPDATE jobs SET state = 'queued', due_at = now(), failures = 0, error = NULL, result = NULL, finished_at = NULL,
        cancel_requested = false
    WHERE id = :id AND state IN ('failed', 'cancelled')
    RETURNING id
""")


@dataclass(frozen=True)
class Enqueued:
    """The job that `enqueue` created, or the active one with the same key."""

    id: int
    is_new: bool


def enqueue(
    session: Session,
    kind: str,
    payload: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    account_id: int | None = None,
    request_id: str | None = None,
    delay: float = 0.0,
) -> Enqueued:
    """Create a job in the transaction of `session`, unless a job of this kind and key is queued or running.

    `delay` is the time in seconds before it may run. Raises `KeyError` for an unknown kind.
    """
    values = {
        "kind": kind,
        "key": key,
        "lane": kinds()[kind].lane,
        "account_id": account_id,
        "request_id": request_id,
        "payload": json.dumps(payload or {}),
        "delay": delay,
    }
    while True:
        created = session.execute(_ENQUEUE, values).scalar()
        if created is not None:
            return Enqueued(created, True)
        active = session.execute(_FIND_ACTIVE, values).scalar()
        if active is not None:  # else it has ended between the two statements
            return Enqueued(active, False)


def cancel(session: Session, job_id: int) -> str | None:
    """Cancel a queued job, or request the cancellation of a running one. Return its state, None if it has ended."""
    state: str | None = session.execute(_CANCEL, {"id": job_id}).scalar()
    return state


def retry(session: Session, job_id: int) -> bool:
    """Queue a failed or cancelled job again; its progress is kept. Return whether there is such a job.

    Raises ``sqlalchemy.exc.IntegrityError`` if another job with its key is queued or running.
    """
    return session.execute(_RETRY, {"id": job_id}).scalar() is not None
