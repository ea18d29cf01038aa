"""Runs a worker beside gunicorn, and starts it again when it ends: ``supervisor.py PARENT COMMAND...``.

Uses the standard library alone, and is run by its path, so that it takes little memory and starts in 20 ms. It ends
with its parent, whose process id is PARENT, and its worker ends with it, even if either is killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial

PR_SET_PDEATHSIG = 1
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before the worker is started again
STEADY_SECONDS = 60.0  # that a worker has run, after which the pause is the first one again
STOP_SECONDS = 20.0  # from SIGTERM to SIGKILL; a worker ends in 15 s
NICE = 5  # requests go before background work

_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}


def main(parent: int, command: Sequence[str]) -> None:
    """Run `command` until SIGTERM, or until the process `parent` ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    _end_with(parent)
    os.nice(NICE)
    pause, prepare = FIRST_PAUSE, partial(_prepare, os.getpid())
    while True:
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=prepare)
        while process.poll() is None:
            if signal.sigwait(_SIGNALS) == signal.SIGTERM:
                _stop(process)
                return
        if time.monotonic() - started > STEADY_SECONDS:
            pause = FIRST_PAUSE
        _log(f"The worker for background jobs ended with status {process.returncode}; it starts again in {pause:.0f} s")
        if signal.sigtimedwait({signal.SIGTERM}, pause):
            return
        pause = min(pause * 2, LONGEST_PAUSE)


def _prepare(supervisor: int) -> None:
    """Let the worker end with its supervisor, and receive signals. Runs in the worker's process."""
    _end_with(supervisor)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _end_with(parent: int) -> None:
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    except AttributeError:  # not Linux
        return
    if os.getppid() != parent:  # it has ended already
        os._exit(0)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _log(message: str) -> None:
    """Write a line as the application does, which logs with a module that takes longer to load than this one runs."""
    now = time.time()
    if os.environ.get("LOG_FORMAT") == "json":
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
        line = json.dumps({"@timestamp": at, "log.level": "error", "log.logger": "catalog.jobs", "message": message})
    else:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)) + f",{int(now % 1 * 1000):03}"
        line = f"{at} ERROR catalog.jobs {message}"
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
