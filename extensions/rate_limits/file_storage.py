"""A storage of the library `limits` in a file that all processes of one machine map into memory.

The file is a hash table of fixed size. A key has one bucket of eight slots; a new window takes the slot that ended
first. If all windows of a bucket still run, the window with the earliest end is lost, and its client starts a new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from limits.storage import Storage

from .window import Window

SLOT = struct.Struct("=16sdQ")  # digest of the key, Unix time of the end, count
BUCKET = 8 * SLOT.size  # bytes
BUCKETS = 4096
SIZE = BUCKETS * BUCKET  # 1 MiB, for up to 32,768 windows
CLOCK_STEP = 1.0  # seconds by which the clock may be set back without ending a window early


class FileStorage(Storage):
    """Counters in the file `path`, or without a path in the memory of this process. Raises ``OSError``."""

    STORAGE_SCHEME = None

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._lock: Callable[[], AbstractContextManager[object]]
        if path is None:
            thread_lock = threading.Lock()
            self._lock, self._slots = (lambda: thread_lock), mmap.mmap(-1, SIZE)
        else:
            self._lock, self._slots = partial(_locked, path), _map(path)

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def take(self, key: str, limit: int, seconds: int, cost: int) -> Window:
        """Implement `Windows`."""
        digest = _digest(key)
        with self._lock():
            now = time.time()  # within the lock, so that no other process has read a later time
            slot, ends, used = self._find(digest, now)
            if ends > now + seconds + CLOCK_STEP:  # the clock was set back
                ends, used = 0.0, 0
            is_allowed = used + cost <= limit
            if is_allowed:
                ends, used = ends or now + seconds, used + cost
                SLOT.pack_into(self._slots, slot, digest, ends, used)
        return Window(is_allowed, used, max(0.0, ends - now))

    def give_back(self, key: str, cost: int) -> None:
        """Implement `Windows`."""
        digest = _digest(key)
        with self._lock():
            slot, ends, used = self._find(digest, time.time())
            if ends:
                SLOT.pack_into(self._slots, slot, digest, ends, max(0, used - cost))

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Implement `Storage`: add to a counter, and return it."""
        return self.take(key, 2**63, expiry, amount).used

    def get(self, key: str) -> int:
        """Implement `Storage`: return a counter."""
        with self._lock():
            return self._find(_digest(key), time.time())[2]

    def get_expiry(self, key: str) -> float:
        """Implement `Storage`: return the Unix time at which a window ends, or now if none runs."""
        with self._lock():
            now = time.time()
            return self._find(_digest(key), now)[1] or now

    def check(self) -> bool:
        """Implement `Storage`."""
        return True

    def reset(self) -> int | None:
        """Implement `Storage`: end all windows."""
        with self._lock():
            self._slots[:] = bytes(SIZE)
        return None

    def clear(self, key: str) -> None:
        """Implement `Storage`: end the window of a key."""
        digest = _digest(key)
        with self._lock():
            slot, ends, _ = self._find(digest, time.time())
            if ends:
                SLOT.pack_into(self._slots, slot, bytes(16), 0.0, 0)

    def _find(self, digest: bytes, now: float) -> tuple[int, float, int]:
        """Return the slot of a key's window, its end and its count.

        If no window runs, end and count are 0, and the slot is that of the bucket's window that ends, or ended, first.
        """
        start = int.from_bytes(digest[:4], "little") % BUCKETS * BUCKET
        first, first_end = start, float("inf")
        for slot in range(start, start + BUCKET, SLOT.size):
            stored, ends, count = SLOT.unpack_from(self._slots, slot)
            if stored == digest and ends > now:
                return slot, ends, count
            if ends < first_end:
                first, first_end = slot, ends
        return first, 0.0, 0


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _map(path: Path) -> mmap.mmap:
    """Map a file into memory, which is created if missing."""
    with _locked(path), open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        if size < SIZE:  # written, not truncated: on a full disk, a hole in the file would end the process later
            os.pwrite(file.fileno(), bytes(SIZE - size), size)
        return mmap.mmap(file.fileno(), SIZE)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a file for all threads and processes.

    It is opened for each lock, because a lock does not exclude threads and forked processes that share a descriptor,
    and because the mapping keeps its own descriptor open.
    """
    descriptor = None
    try:
        with contextlib.suppress(OSError):  # its folder was deleted; running processes still share the mapping
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
