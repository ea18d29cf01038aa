"""The supervisor keeps one worker running beside gunicorn, and ends with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from extensions.jobs.engine import supervisor
from tests import ROOT
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

# A worker of one line: it writes its process id, and ends in good order by SIGTERM.
WORKER = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[1], "a").write("stopped\\n"), sys.exit()))
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""
# A parent, as gunicorn is one.
PARENT = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), *sys.argv[2:]], start_new_session=True)
time.sleep(600)
"""


class Lines:
    """The lines that workers have written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pids(self) -> list[int]:
        return [int(line) for line in self.all() if line.isdigit()]

    def all(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    return Lines(tmp_path / "lines")


@pytest.fixture
def parent(lines: Lines) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PARENT, supervisor.__file__, sys.executable, "-c", WORKER, str(lines.path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    until(lambda: lines.pids())
    return process


def supervisor_of(parent: subprocess.Popen[bytes]) -> psutil.Process:
    return psutil.Process(parent.pid).children()[0]


def has_ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_killed_worker_is_started_again(parent: subprocess.Popen[bytes], lines: Lines) -> None:
    psutil.Process(lines.pids()[0]).kill()
    until(lambda: len(lines.pids()) == 2)
    supervisor_of(parent).terminate()
    until(lambda: has_ended(lines.pids()[1]))
    assert lines.all()[2:] == ["stopped"]
    parent.kill()
    assert parent.stderr
    assert b"ERROR catalog.jobs The worker for background jobs ended with status -9" in parent.stderr.read()
    parent.wait()


@pytest.mark.parametrize("killed", ["parent", "supervisor"])
def test_nothing_outlives_a_killed_process(parent: subprocess.Popen[bytes], lines: Lines, killed: str) -> None:
    process = supervisor_of(parent)
    psutil.Process({"parent": parent.pid, "supervisor": process.pid}[killed]).kill()
    until(lambda: has_ended(process.pid) and has_ended(lines.pids()[0]))
    assert lines.all()[1:] == ["stopped"]
    parent.kill()
    parent.communicate()


def test_a_supervisor_without_its_parent_ends_at_once(lines: Lines) -> None:
    command = [sys.executable, "-I", "-S", supervisor.__file__, "1", sys.executable, "-c", WORKER, str(lines.path)]
    assert subprocess.run(command, timeout=60).returncode == 0
    assert lines.all() == []


def test_gunicorn_starts_a_worker_and_stops_it(start_server: Callable[..., Server], database_url: str) -> None:
    server = start_server(database_url, JOBS="on")
    until(lambda: "The worker for background jobs is ready" in server.log.read_text())
    children = psutil.Process(server.process.pid).children(recursive=True)
    background = [process for process in children if "worker" in process.cmdline()]
    assert len(background) == 2  # with the supervisor
    server.process.terminate()
    assert server.wait() == 0
    assert all(has_ended(process.pid) for process in background)
    assert "Traceback" not in server.log.read_text()


def test_a_killed_gunicorn_takes_its_worker_with_it(start_server: Callable[..., Server], database_url: str) -> None:
    server = start_server(database_url, JOBS="on")
    until(lambda: "The worker for background jobs is ready" in server.log.read_text())
    children = psutil.Process(server.process.pid).children(recursive=True)
    background = [process for process in children if "worker" in process.cmdline()]
    psutil.Process(server.process.pid).send_signal(signal.SIGKILL)
    started = time.monotonic()
    until(lambda: all(has_ended(process.pid) for process in background))
    assert time.monotonic() - started < 30
    server.wait()
    for process in children:
        if not has_ended(process.pid):
            process.kill()


def test_the_supervisor_needs_the_standard_library_alone() -> None:
    program = f"import runpy; runpy.run_path({supervisor.__file__!r})"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=ROOT, timeout=60).returncode == 0
