"""The command line of the catalog, with kinds of jobs that count their steps.

Each step inserts a row into the table `steps` in the transaction that saves the progress, so that a step that is lost
or done twice shows there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask
from flask.cli import ScriptInfo

from app import create_app
from app.cli import GROUP
from extensions.database import connect
from extensions.jobs import JobCancelled, Kind, RunningJob, add_kind

STEPS = "CREATE TABLE IF NOT EXISTS steps (job_id bigint, step integer, attempt integer, at timestamptz DEFAULT now())"


def create_test_app() -> Flask:
    """Return the application with the kinds of the tests."""
    app = create_app()
    add_kind(app, Kind("threaded", count_steps))
    add_kind(app, Kind("process", count_steps, has_process=True, lane="processes"))
    add_kind(app, Kind("lane", count_steps, lane="lane"))
    add_kind(app, Kind("broken", lambda job: os._exit(9), has_process=True))
    return app


def count_steps(job: RunningJob) -> dict[str, int]:
    """Do the steps of a job that its progress does not have yet. `pause`: seconds in a step, and between two."""
    steps, pause = job.payload["steps"], job.payload.get("pause", 0.0)
    with contextlib.closing(connect({"application_name": "catalog-steps"})) as connection:
        for step in range(job.progress.get("done", 0), steps):
            if job.cancel_requested:
                raise JobCancelled
            with connection, connection.cursor() as cursor:
                cursor.execute("INSERT INTO steps VALUES (%s, %s, %s)", (job.id, step, job.attempt))
                hold(job, "in a step", step)
                time.sleep(pause)
                job.save_progress(cursor, {"done": step + 1})
            hold(job, "between steps", step)
            time.sleep(pause)
    hold(job, "finishing", steps - 1)
    return {"steps": steps}


def hold(job: RunningJob, phase: str, step: int) -> None:
    """Stay in the phase that the payload names, in the first attempt: create its `file`, and wait for its deletion."""
    payload = job.payload
    if job.attempt == 1 and (phase, step) == (payload.get("phase"), payload.get("step")):
        Path(payload["file"]).touch()
        while Path(payload["file"]).exists():
            time.sleep(0.01)


def job_command(job_id: int) -> list[str]:
    """Return the command line of the process of a job."""
    return [
        *(sys.executable, "-m", "tests.support.servers.job_program"),
        *("jobs", "run", str(job_id), "--worker", str(os.getpid())),
    ]


def main(arguments: Sequence[str]) -> Any:
    """Run a command."""
    import app.cli.worker

    app.cli.worker._job_command = job_command
    catalog = create_test_app()
    return catalog.cli.commands[GROUP].main(arguments, obj=ScriptInfo(create_app=lambda: catalog))


if __name__ == "__main__":
    main(sys.argv[1:])
