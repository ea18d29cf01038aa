"""A file of numbers by key, which one process writes and others read.

The format is that of prometheus-client's multiprocess mode, whose own writer maps the file into memory. There, a full
disk would end the process with SIGBUS; here, writing raises ``OSError``.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

_HEAD = struct.Struct("=i4x")  # bytes in use, the head included
_VALUE = struct.Struct("=dd")  # the value, and a timestamp that is not used


class ValueFile:
    """The writer of a file, which replaces a former one with these values. Raises ``OSError``."""

    def __init__(self, path: Path, values: Mapping[str, float]) -> None:
        self._used, self._positions = _HEAD.size, dict[str, int]()
        new = path.with_suffix(".new")
        self._descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.write(values)
        new.replace(path)

    def write(self, values: Mapping[str, float]) -> None:
        """Write values over the former ones with these keys. Readers see each value as it was or as it is.

        Raises ``OSError``, and then the next call writes all of them again.
        """
        added, positions = bytearray(), {}
        for key, value in values.items():
            position = self._positions.get(key)
            if position is None:
                encoded = key.encode()
                padding = b" " * (8 - (len(encoded) + 4) % 8)
                added += struct.pack("=i", len(encoded)) + encoded + padding
                positions[key] = self._used + len(added)
                added += _VALUE.pack(value, 0.0)
            else:
                self._write(_VALUE.pack(value, 0.0), position)
        # The head last: until then, readers do not see the new values.
        self._write(bytes(added), self._used)
        self._write(_HEAD.pack(self._used + len(added)), 0)
        self._used += len(added)
        self._positions |= positions

    def _write(self, data: bytes, position: int) -> None:
        if os.pwrite(self._descriptor, data, position) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        os.close(self._descriptor)


def stored_values(path: Path) -> Iterator[tuple[str, float]]:
    """Yield the keys and values of a file. Raises ``OSError``."""
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
        yield key, value
