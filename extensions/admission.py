"""How many threads may be busy with the database at once, so that some are always left for what needs none.

There is a slot for each connection of the pool. As long as slots come free, who finds none waits for its turn; where
all are taken and nothing has moved for a moment, the database hangs, and nobody waits behind it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

# Seconds without a move after which nobody waits on. Twice as many as there are slots are patient (a deadlock is
# found by the database after one second); those beyond them are not, so that their threads are soon free again.
PATIENT, HASTY = 2.0, 1.0


class Stalled(Exception):
    """Every slot is held by work that does not move."""


class Admission:
    """`slots`: how many may be in at once."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._taken = 0
        self._waiting = 0
        self._moved = 0.0  # when a slot was last taken or given back
        self._free = threading.Condition()

    @contextlib.contextmanager
    def slot(self, until: float = float("inf")) -> Iterator[None]:
        """Hold a slot for the block; raises `Stalled` instead of waiting where nothing moves, and at `until` (of the
        monotonic clock) anyway.
        """
        with self._free:
            patience = PATIENT if self._waiting < 2 * self.slots else HASTY
            self._waiting += 1
            try:
                while self._taken >= self.slots:
                    left = min(self._moved + patience, until) - time.monotonic()
                    if left <= 0:
                        raise Stalled
                    self._free.wait(left)
            finally:
                self._waiting -= 1
            self._taken += 1
            self._moved = time.monotonic()
        try:
            yield
        finally:
            with self._free:
                self._taken -= 1
                self._moved = time.monotonic()
                self._free.notify()
