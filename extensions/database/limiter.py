"""Bounds how many threads use the database at once, and how many of them for work that can take long.

There is one slot for each connection of the pool. Quick reads may take all of them; writes and slow reads have a share
each, so that some slots are always left for quick reads, whatever the others wait for. A thread without a slot waits
as long as slots come free. If none has been taken or given back for a moment, the database hangs, and waiting ends.
"""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections.abc import Iterator

from extensions.telemetry.timing import add_waiting

# Seconds without a move after which waiting ends. Twice as many threads as there are slots are patient (the database
# finds a deadlock after one second); those beyond them are not, so that their threads are soon free again.
PATIENT, HASTY = 2.0, 1.0
# Writes and slow reads that wait. Each of them holds a thread, of which some must be left for the rest.
MOST_WAITING = 64


class Share(enum.Enum):
    """A class of work, by the part of all slots that it may take. Together, the limited ones leave a quarter."""

    QUICK = 1.0  # reads of records by id, and of pages in the order of an index
    WRITES = 0.5
    SLOW_READS = 0.25  # reads that may look at many rows


class Stalled(Exception):
    """Every slot of the share is held by work that does not move."""


class Crowded(Stalled):
    """As many threads wait for the share as may, or one has waited for too long while others came and went."""


class Admission:
    """`slots`: how many threads may use the database at once."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.most = {share: max(1, int(slots * share.value)) for share in Share}
        self._taken = dict.fromkeys(Share, 0)
        self._waiting = dict.fromkeys(Share, 0)
        self._moved = dict.fromkeys(Share, 0.0)  # when a slot of the share was last taken or given back
        lock = threading.Lock()
        self._free = {share: threading.Condition(lock) for share in Share}
        self._lock = lock

    @contextlib.contextmanager
    def slot(self, until: float = float("inf"), share: Share = Share.QUICK) -> Iterator[None]:
        """Hold a slot of the share for the block.

        Raises `Stalled` if nothing moves, and at `until` (of the monotonic clock) anyway; `Crowded`, at once, if too
        many threads wait.
        """
        with self._lock:
            self._wait(until, share)
            self._taken[share] += 1
            self._moved[share] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._taken[share] -= 1
                self._moved[share] = time.monotonic()
                # A thread of any share may have waited for this slot. The first to wake up takes it.
                for condition in self._free.values():
                    condition.notify()

    @property
    def taken(self) -> int:
        """How many threads use the database now."""
        return sum(self._taken.values())

    @property
    def waiting(self) -> int:
        """How many threads wait for the database now."""
        return sum(self._waiting.values())

    def _wait(self, until: float, share: Share) -> None:
        """Wait, holding the lock, until a slot of the share is free."""
        if not self._is_full(share):
            return
        if share is not Share.QUICK:
            others = sum(count for each, count in self._waiting.items() if each is not Share.QUICK)
            if others >= MOST_WAITING:
                raise Crowded
        patience = PATIENT if self._waiting[share] < 2 * self.slots else HASTY
        self._waiting[share] += 1
        began, waiting_began = time.monotonic(), time.perf_counter()
        try:
            while self._is_full(share):
                left = min(self._last_move(share) + patience, until) - time.monotonic()
                if left <= 0:
                    raise Crowded if max(self._moved.values()) > began else Stalled
                self._free[share].wait(left)
        finally:
            self._waiting[share] -= 1
            add_waiting(waiting_began)

    def _is_full(self, share: Share) -> bool:
        return self._taken[share] >= self.most[share] or sum(self._taken.values()) >= self.slots

    def _last_move(self, share: Share) -> float:
        """Return when a slot that the share could get was last taken or given back."""
        return self._moved[share] if self._taken[share] >= self.most[share] else max(self._moved.values())
