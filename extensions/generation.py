"""A number that every committed write moves on, shared by the processes of one machine.

It lies in eight bytes of a file that each process maps into its memory: reading it costs no system call.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
from pathlib import Path

SIZE = 8  # bytes


class Generation:
    """The number in the file `path`, which is made if it is missing. Raises ``OSError`` where that cannot be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b") as file:
            if os.fstat(file.fileno()).st_size < SIZE:
                file.truncate(SIZE)  # fills with zeros, and changes nothing where another did it first
            # As one item of eight bytes: a reader sees the old number or the new one, and nothing in between.
            self._number = memoryview(mmap.mmap(file.fileno(), SIZE)).cast("Q")

    def read(self) -> int:
        """The present number."""
        return self._number[0]

    def advance(self) -> None:
        """Move the number on; every process sees it at once."""
        # The file is opened anew for each turn: the lock of a descriptor that threads or forked processes
        # share would let them all in, and a number written late would bring an old one back.
        with contextlib.ExitStack() as turn:
            with contextlib.suppress(OSError):  # its folder was deleted: those who run still share what they mapped
                fcntl.flock(turn.enter_context(self._path.open("ab")), fcntl.LOCK_EX)
            self._number[0] = (self._number[0] + 1) % 2**64
