"""Waits for the end of an import, for a client that prefers to wait (RFC 7240)."""

from __future__ import annotations

import threading
import time

from extensions.database import DatabaseUnavailable, Statement, fetch

from .representation import ACTIVE

LONGEST_WAIT = 60  # seconds, below the timeouts of usual proxies
# Requests that wait in a worker at once, because each holds a thread. Further ones get their response at once.
MOST_WAITING = 8
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 0.5  # seconds between two looks at the row

_STATE = Statement("SELECT state FROM jobs WHERE id = %(id)s")
_slots = threading.BoundedSemaphore(MOST_WAITING)


def wait_for_end(job_id: int, seconds: int) -> bool:
    """Wait until a job has ended, for at most `seconds`. Return whether it waited: not if too many others do.

    It holds no connection to the database while it waits.
    """
    if not _slots.acquire(blocking=False):
        return False
    try:
        deadline, pause = time.monotonic() + seconds, FIRST_PAUSE
        while _is_active(job_id) and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
    finally:
        _slots.release()
    return True


def _is_active(job_id: int) -> bool:
    """Whether a job is queued or running; also while the database does not respond."""
    try:
        return any(state in ACTIVE for (state,) in fetch(_STATE, {"id": job_id}))
    except DatabaseUnavailable:
        return True
