"""Real workers for background jobs, and what tests see of the jobs."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tests import ROOT

_fork_server = multiprocessing.get_context("forkserver")
_fork_server.set_forkserver_preload(["tests.support.servers.preload"])


class Worker:
    """`catalog worker`, or another command of `job_program`, in a process of its own, with its log in a file."""

    def __init__(self, environment: Mapping[str, str], log: Path, *arguments: str) -> None:
        self.log = log
        settings = {**os.environ, "LOG_LEVEL": "INFO", "CONNECTIONS": "4", **environment}
        self.process = _fork_server.Process(target=_run, args=(settings, log, arguments or ("worker", "--beat")))
        self.process.start()

    def job_processes(self) -> list[psutil.Process]:
        """The processes of jobs that it runs now."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children()
        return []

    def stop(self) -> None:
        """Stop it as a service manager does."""
        self.process.terminate()
        self.process.join(30)
        assert self.process.exitcode == 0, self.log.read_text()

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self.process.kill()
        self.process.join(10)


def _run(environment: Mapping[str, str], log: Path, arguments: tuple[str, ...]) -> None:
    """Be a command, as if it were started from the command line."""
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    from tests.support.servers.job_program import main

    main(arguments)


class Jobs:
    """The jobs in a database, by SQL. `execute` runs SQL there."""

    def __init__(self, execute: Any) -> None:
        self.execute = execute

    def add(self, kind: str, steps: int = 3, pause: float = 0.0, lane: str | None = None, **payload: Any) -> int:
        """Create a job without a message."""
        text = json.dumps({"steps": steps, "pause": pause, **payload})
        sql = "INSERT INTO jobs (kind, payload, lane) VALUES (%s, %s, %s) RETURNING id"
        return int(self.execute(sql, kind, text, lane)[0][0])

    def state(self, job_id: int) -> str:
        return str(self.execute("SELECT state FROM jobs WHERE id = %s", job_id)[0][0])

    def steps(self, job_id: int) -> list[int]:
        """The steps that were committed, in their order."""
        rows = self.execute("SELECT step FROM steps WHERE job_id = %s ORDER BY at, step", job_id)
        return [row[0] for row in rows]
