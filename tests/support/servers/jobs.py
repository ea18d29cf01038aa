"""Runs jobs in the process of a test, as a worker does."""

from __future__ import annotations

from flask import Flask

from extensions.jobs import run_job, sweep


def run_due_jobs(app: Flask) -> None:
    """Create the periodic jobs that have something to do, and run jobs until none is due."""
    with app.app_context():
        while due := sweep():
            for job_id in due:
                run_job(job_id)
