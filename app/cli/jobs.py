"""``catalog jobs``: background jobs on the command line."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from app.config import command_line
from app.transfer.cli.failure import CommandFailed
from app.transfer.errors import NoTables
from app.transfer.preconditions import require_tables
from app.values.text import escaped
from extensions.database import DatabaseUnavailable, transaction
from extensions.jobs import JOBS, cancel, kinds, retry, run_job, send_hint
from extensions.jobs.table import STATES

log = logging.getLogger("catalog.jobs")

LISTED = 50  # jobs, by default
SUCCEEDED, ENDED_OTHERWISE = 0, 1  # exit statuses of `run`; 2 if the job was not run
LOST = 75  # the exit status if another runner took the job (EX_TEMPFAIL of sysexits.h)
PR_SET_PDEATHSIG = 1

_RUN_HELP = f"""
    Run one job in this process, unless it runs already.

    \b
        {command_line("jobs run 17")}

    A worker does the same by itself. Exit status: 0 if the job succeeded, 1 if it failed, was cancelled or is queued
    again, 2 if it was not run: it is not queued, not due yet or has a runner, or another job of its lane comes first.
"""


class JobsGroup(AppGroup):
    """The group; turns errors into messages."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            with ctx.ensure_object(ScriptInfo).load_app().app_context():
                require_tables()
                return super().invoke(ctx)
        except NoTables as error:
            raise CommandFailed(str(error)) from None
        except DatabaseUnavailable:
            raise CommandFailed("The database does not respond. Start it, or correct DATABASE_URL.") from None


jobs = JobsGroup("jobs", help="List, cancel, retry and run background jobs.")
job_id_argument = click.argument("job_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))


@jobs.command("list")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only jobs in this state.")
@click.option("--kind", "only_kinds", metavar="KIND", multiple=True, help="Only jobs of this kind.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=LISTED, show_default=True, help="At most so many.")
def list_jobs(states: tuple[str, ...], only_kinds: tuple[str, ...], limit: int) -> None:
    """Print jobs, one line each, the newest first: id, kind, state, creation (UTC), progress, error."""
    statement = select(JOBS).order_by(JOBS.c.id.desc()).limit(limit)
    if states:
        statement = statement.where(JOBS.c.state.in_(states))
    if only_kinds:
        statement = statement.where(JOBS.c.kind.in_(only_kinds))
    rows = _rows(statement)
    if not rows:
        click.echo("There are no such jobs." if states or only_kinds else "There are no jobs.")
        return
    cells = [[str(row["id"]), row["kind"], _state(row), _time(row["created_at"]), _details(row)] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    for line in cells:
        texts = [line[0].rjust(widths[0]), *(line[column].ljust(widths[column]) for column in range(1, 4)), line[4]]
        click.echo(escaped("  ".join(texts).rstrip()))


@jobs.command()
@job_id_argument
def show(job_id: int) -> None:
    """Print all that is known of a job."""
    row = _find(job_id)
    for name, value in row.items():
        if value is None or value == {}:
            continue
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        shown = _time(shown) if isinstance(shown, datetime) else str(shown)
        click.echo(escaped(f"{name.replace('_', ' '):<17}{shown}"))


@jobs.command("cancel")
@job_id_argument
def cancel_job(job_id: int) -> None:
    """Cancel a job. A running one stops at its next step, and keeps what it has done so far."""
    state = transaction(lambda session: cancel(session, job_id), area=None)
    if state is None:
        raise CommandFailed(f"Job {job_id} has ended already ({_find(job_id)['state']}), so it cannot be cancelled.")
    click.echo(f"Job {job_id} is cancelled." if state == "cancelled" else f"Job {job_id} stops at its next step.")


@jobs.command("retry")
@job_id_argument
def retry_job(job_id: int) -> None:
    """Queue a failed or cancelled job again. It goes on where it stopped, if its kind can."""
    try:
        is_queued = transaction(lambda session: retry(session, job_id), area=None)
    except IntegrityError:
        raise CommandFailed(f"The same work is queued or running as another job: {command_line('jobs list')}") from None
    if not is_queued:
        state = _find(job_id)["state"]
        raise CommandFailed(f"Job {job_id} is {state}; only a failed or cancelled job can be retried.")
    send_hint(job_id)
    click.echo(f"Job {job_id} is queued.")


@jobs.command(help=_RUN_HELP)
@job_id_argument
@click.option("--worker", "worker_id", type=int, hidden=True, help="The process that waits for this one.")
@click.pass_context
def run(context: click.Context, job_id: int, worker_id: int | None) -> None:
    """Run a job; see `_RUN_HELP`."""
    if worker_id is not None:
        _end_with(worker_id)
    try:
        # Nothing of this attempt may be committed any more, so the process ends at once.
        is_run = run_job(job_id, on_lost=lambda: os._exit(LOST))
    except KeyboardInterrupt:
        raise CommandFailed(f"Job {job_id} was interrupted, and is queued again.") from None
    job = _find(job_id)
    if not is_run and worker_id is not None:
        log.debug("%s", _reason(job))
        context.exit(CommandFailed.exit_code)
    if not is_run:
        raise CommandFailed(_reason(job))
    outcome = escaped(f"Job {job_id} ({job['kind']}): {_state(job)} {_details(job)}".rstrip())
    if worker_id is None:
        click.echo(outcome, err=True)
    else:
        log.info("%s", outcome)  # a line of the worker's log, in the form of `LOG_FORMAT`
    context.exit(SUCCEEDED if job["state"] == "succeeded" else ENDED_OTHERWISE)


def _reason(job: Mapping[str, Any]) -> str:
    """Return why a job was not run, and what to do."""
    job_id, state = job["id"], job["state"]
    if state == "running":
        return f"Job {job_id} is running in another process."
    if state != "queued":
        again = f" Queue it again first: {command_line(f'jobs retry {job_id}')}" if state != "succeeded" else ""
        return f"Job {job_id} has ended already ({state}).{again}"
    if job["kind"] not in kinds():
        return f"Job {job_id} is of the kind {job['kind']}, which this version does not know. Use the newest version."
    if job["due_at"] > datetime.now(job["due_at"].tzinfo):
        return f"Job {job_id} is not due before {_time(job['due_at'])}. Wait until then."
    if job["lane"] is None:
        return f"Job {job_id} is being started or checked by a worker. Try again."
    return f"Job {job_id} waits for another job in the lane {job['lane']}: {command_line('jobs list --state running')}"


def _end_with(worker_id: int) -> None:
    """End when the worker ends that started this process: its thread waits for this process all the time."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except AttributeError:  # not Linux: the job goes on, and holds its lock
        return
    if os.getppid() != worker_id:  # it has ended already
        os._exit(LOST)


def _find(job_id: int) -> Mapping[str, Any]:
    """Return the row of a job. Raises `CommandFailed` if there is none."""
    rows = _rows(select(JOBS).where(JOBS.c.id == job_id))
    if not rows:
        raise CommandFailed(f"There is no job {job_id}. List the jobs: {command_line('jobs list')}")
    return rows[0]


def _rows(statement: Select[Any]) -> list[Mapping[str, Any]]:
    return transaction(lambda session: [dict(row) for row in session.execute(statement).mappings()], area=None)


def _state(row: Mapping[str, Any]) -> str:
    return "cancelling" if row["state"] == "running" and row["cancel_requested"] else str(row["state"])


def _details(row: Mapping[str, Any]) -> str:
    """Return the error of a job, else its result, else its progress, as `name=value` pairs."""
    if row["error"]:
        return str(row["error"])
    pairs = (row["result"] or row["progress"] or {}).items()
    return " ".join(f"{name}={value}" for name, value in pairs if isinstance(value, int | float | str))


def _time(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}Z"
