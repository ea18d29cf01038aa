"""Runs import jobs in forked processes, which kill themselves at a given point.

Reads a JSON object in each line: the `job`, the `point` (None: it runs to its end), and how many times the point is
passed (`times`). Forked from here, a process needs no time to create the application.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from typing import Any

from app import create_app
from app.transfer.import_job import run
from app.transfer.import_job.file import JobFile
from app.transfer.imports.load import batch
from extensions.jobs import lock, run_job, running

# Each point: whose function, its name, and whether the process dies before or after it.
POINTS: dict[str, tuple[Any, str, str]] = {
    "queued": (running, "_take", "before"),
    "taken": (running, "_take", "after"),
    "starting": (JobFile, "_begin", "before"),
    "begun": (JobFile, "_begin", "after"),
    "in a chunk": (JobFile, "_save", "before"),
    "in a chunk, with its rejects written": (JobFile, "_save", "after"),
    "between chunks": (run.JobObserver, "batch_stored", "before"),
    "finishing": (JobFile, "run", "after"),
    "with its rejects finished": (JobFile, "finish_rejects", "after"),
    "storing its end": (lock.JobLock, "store", "before"),
    "ended": (lock.JobLock, "store", "after"),
}
IN_BATCHES = 10  # records
MANY = ("in a chunk", "in a chunk, with its rejects written", "between chunks")  # points that each chunk passes


def die_at(point: str, times: int) -> None:
    """Kill this process at the point, when it is passed for the last of so many times."""
    owner, name, when = POINTS[point]
    function, passed = getattr(owner, name), []

    @functools.wraps(function)
    def dying(*arguments: Any, **named: Any) -> Any:
        passed.append(point)
        returned = function(*arguments, **named) if when == "after" or len(passed) < times else None
        if len(passed) == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return returned

    setattr(owner, name, dying)


def main() -> None:
    """Run a job for each line, and print the exit status of its process."""
    batch.MAX_RECORDS = IN_BATCHES
    app = create_app()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            if order["point"]:
                die_at(order["point"], order["times"])
            with app.app_context():
                run_job(order["job"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
