"""A job while it runs: what its work reads, and the errors by which its work ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SAVE_PROGRESS = """
    UPDATE jobs SET progress = %(progress)s, failures = CASE WHEN %(is_kept)s THEN 0 ELSE failures END
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
    RETURNING cancel_requested
"""


class JobFailed(Exception):
    """The job has failed for good. The message is for the person who started it."""


class JobAttemptFailed(Exception):
    """An attempt has failed for a foreseen reason, which the log shows without a traceback. The job is retried."""


class JobCancelled(Exception):
    """The job has stopped because its cancellation was requested."""


class JobLost(Exception):
    """Another runner has the job, so this one must stop without a commit."""


class JobPostponed(Exception):
    """The job cannot go on now: it is queued again, and is due after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass
class RunningJob:
    """A job that this process runs."""

    id: int
    kind: str
    attempt: int
    payload: Mapping[str, Any]
    progress: Mapping[str, Any]  # as the last attempt left it
    account_id: int | None
    request_id: str | None
    failures: int
    cancel_requested: bool = False  # as of the last `save_progress`

    def save_progress(self, cursor: Any, progress: Mapping[str, Any], *, is_kept: bool = True) -> None:
        """Save the progress in the transaction of a psycopg2 cursor. Raises `JobLost` if another runner has the job.

        `is_kept`: the next attempt continues from here. Otherwise the deaths of earlier runners still count, because
        a job whose runner always dies before its end would else be repeated for ever.
        """
        values = {"id": self.id, "attempt": self.attempt, "progress": json.dumps(progress), "is_kept": is_kept}
        cursor.execute(_SAVE_PROGRESS, values)
        row = cursor.fetchone()
        if row is None:
            raise JobLost
        self.progress, self.cancel_requested = progress, row[0]
