"""``catalog worker`` and ``catalog beat``: the processes that run background jobs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from app.config import command_line

_WORKER_HELP = f"""
    Run background jobs until SIGTERM or Ctrl-C.

    \b
        {command_line("worker --beat")}

    `make run` starts a worker by itself. Any number of workers may run, on one machine or several. A worker that stops
    ends the processes of its jobs; these jobs are queued again, and go on in another worker or after the next start.
    """
_BEAT_HELP = """
    Tell the workers every 5 seconds to look for jobs, until SIGTERM or Ctrl-C.

    One beat is enough for all workers. Without it, each worker looks by itself, every 10 seconds.
    """


@click.command(help=_WORKER_HELP)
@click.option("--beat", "with_beat", is_flag=True, help="Also be the beat (see `catalog beat`).")
@with_appcontext
def worker(with_beat: bool) -> None:
    """Run a worker; see `_WORKER_HELP`."""
    from extensions.jobs.engine.worker import run_worker

    root = str(Path(__file__).parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    run_worker(current_app._get_current_object(), _job_command, with_beat=with_beat)  # type: ignore[attr-defined]


@click.command(help=_BEAT_HELP)
@with_appcontext
def beat() -> None:
    """Run a beat; see `_BEAT_HELP`."""
    from extensions.jobs.engine.worker import run_beat

    run_beat(current_app._get_current_object())  # type: ignore[attr-defined]


def _job_command(job_id: int) -> list[str]:
    """Return the command line of the process that runs a job for this worker."""
    return [sys.executable, "-P", "-m", "app", "jobs", "run", str(job_id), "--worker", str(os.getpid())]
