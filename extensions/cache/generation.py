"""The generations of one machine: for each area of the data, a counter that every committed write of it increments.

They are stored in a file that each process maps into memory, so reading them takes no system call.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import mmap
import os
from pathlib import Path


class Area(enum.IntEnum):
    """A part of the data, with a generation of its own."""

    CATALOG = 0  # all that responses for everybody are made of
    ACCOUNTS = 1  # accounts, roles and tokens


SIZE = 8 * len(Area)  # bytes


class Generation:
    """The counters in the file `path`, which is created if missing. Raises ``OSError``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b") as file:
            if os.fstat(file.fileno()).st_size < SIZE:
                file.truncate(SIZE)  # fills with zeros; no effect if another process did it first
            # Items of eight bytes, so that reads and writes are atomic.
            self._numbers = memoryview(mmap.mmap(file.fileno(), SIZE)).cast("Q")

    def read(self, area: Area = Area.CATALOG) -> int:
        """Return the current generation of an area."""
        return self._numbers[area]

    def advance(self, area: Area = Area.CATALOG) -> None:
        """Start a new generation of an area, which every process sees immediately."""
        # The file is opened for each lock, because a lock does not exclude threads and forked processes that share its
        # descriptor, and a late write of theirs would restore an old generation.
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # its folder was deleted; running processes still share the mapping
                fcntl.flock(stack.enter_context(self._path.open("ab")), fcntl.LOCK_EX)
            self._numbers[area] = (self._numbers[area] + 1) % 2**64
