"""The processes of jobs: each job of a kind with `has_process` runs in one, which takes the job itself."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence

log = logging.getLogger("catalog.jobs")

MOST_PROCESSES = 2  # in one worker, so that threads are left for other jobs
STOP_SECONDS = 10.0  # from SIGTERM to SIGKILL
WORKER = "CATALOG_WORKER"  # in the environment of a process that a worker has started: the worker's process id


class Processes:
    """The processes of one worker. `command` returns the command line that runs a job."""

    def __init__(self, command: Callable[[int], Sequence[str]]) -> None:
        self._command = command
        self._free = threading.BoundedSemaphore(MOST_PROCESSES)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def reserve(self) -> bool:
        """Reserve one of the `MOST_PROCESSES`. Return whether there is one; `release` gives it back."""
        return self._free.acquire(blocking=False)

    def release(self) -> None:
        """Give back what `reserve` has reserved."""
        self._free.release()

    def run(self, job_id: int) -> int | None:
        """Run a job and return the exit status of its process, negative for a signal; None if the worker stops.

        The thread waits for the process, since Linux ends the process with the thread that started it.
        """
        with self._lock:
            if self._stopping.is_set():
                return None
            process = subprocess.Popen(
                self._command(job_id),
                stdin=subprocess.DEVNULL,
                env={**os.environ, WORKER: str(os.getpid())},
                process_group=0,  # Ctrl-C in the terminal is for the worker, which stops its processes
            )
            self._running.add(process)
        try:
            status = process.wait()
        finally:
            with self._lock:
                self._running.discard(process)
        return None if self._stopping.is_set() and status == -signal.SIGTERM else status

    def stop(self) -> None:
        """End all processes. Their jobs are queued again, and go on by their progress."""
        with self._lock:
            self._stopping.set()
            processes = list(self._running)
        for process in processes:
            process.terminate()
        threading.Thread(target=_kill_later, args=(processes,), daemon=True).start()


def _kill_later(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
