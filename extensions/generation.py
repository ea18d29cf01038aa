"""A number that every committed write moves on, shared by the processes of one machine.

It lies in eight bytes of a file that each process maps into its memory: reading it costs no system call.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from pathlib import Path

_NUMBER = struct.Struct("=Q")


class Generation:
    """The number in the file `path`, which is made if it is missing. Raises ``OSError`` where that cannot be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b") as file:
            if os.fstat(file.fileno()).st_size < _NUMBER.size:
                file.truncate(_NUMBER.size)  # fills with zeros, and changes nothing where another did it first
            self._memory = mmap.mmap(file.fileno(), _NUMBER.size)

    def read(self) -> int:
        """The present number."""
        return int(_NUMBER.unpack_from(self._memory)[0])

    def advance(self) -> None:
        """Move the number on; every process sees it at once."""
        # The file is opened anew for each turn: the lock of a descriptor that threads or forked processes
        # share would let them all in, and a number written late would bring an old one back.
        with self._path.open("rb") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            _NUMBER.pack_into(self._memory, 0, (self.read() + 1) % 2**64)
