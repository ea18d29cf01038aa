"""Writes lines to standard error in batches, because a write for each line costs more than the line itself."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time

PAUSE = 0.05  # seconds for which lines are collected; a process that is killed loses no more
MOST_LINES = 20_000  # that wait for a stalled reader of standard error; further ones are dropped, and counted
BATCH_BYTES = 4096  # PIPE_BUF of Linux: processes that share a pipe do not split the batches of one another


class LineWriter:
    """Collects lines, and lets a thread write them. Every method can be called from any thread."""

    def __init__(self) -> None:
        self._reset()
        atexit.register(self.flush)
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lines: list[str] = []
        self._dropped = 0
        self._is_awake = False
        self._thread: threading.Thread | None = None
        self._wake = threading.Semaphore(0)
        self._writing = threading.Lock()

    def write(self, line: str) -> None:
        """Write a line, with its line break, soon. Never blocks."""
        if len(self._lines) >= MOST_LINES:
            self._dropped += 1
            return
        self._lines.append(line)
        if not self._is_awake:
            self._is_awake = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
            self._wake.release()

    def flush(self) -> None:
        """Write all lines that wait, in their order."""
        with self._writing:
            lines, self._lines = self._lines, []
            dropped, self._dropped = self._dropped, 0
            if dropped:
                lines.append(f"({dropped:,} lines of the log were dropped: standard error was read too slowly)\n")
            for batch in _batches(lines):
                with contextlib.suppress(OSError, ValueError):  # standard error is closed
                    sys.stderr.write(batch)
                    sys.stderr.flush()

    def _run(self) -> None:
        while True:
            self._wake.acquire()
            time.sleep(PAUSE)
            self._is_awake = False  # before the lines are taken, so that a later one wakes the thread again
            self.flush()


def _batches(lines: list[str]) -> list[str]:
    """Join lines to batches of at most `BATCH_BYTES`; a longer line is a batch of its own."""
    batches, batch, size = [], list[str](), 0
    for line in lines:
        length = len(line) if line.isascii() else len(line.encode("utf-8", "replace"))
        if batch and size + length > BATCH_BYTES:
            batches.append("".join(batch))
            batch, size = [], 0
        batch.append(line)
        size += length
    return [*batches, "".join(batch)] if batch else batches


LINES = LineWriter()  # of this process
