"""What a worker measures about itself, each time its counts are written."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from extensions.database.limiter import Admission
from extensions.telemetry.metrics import Counts

from .families import CPU_SECONDS, MEMORY_BYTES, SLOTS, SLOTS_AWAITED, SLOTS_TAKEN, WORKER_STARTS, WORKERS

_MEMORY = Path("/proc/self/statm")  # Linux


class ProcessCounts:
    """Measures this process and its share of the database."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._cpu = 0.0  # as of the last call
        self._is_counted = False

    def move_to(self, counts: Counts) -> None:
        """Measure now, and add to the counts of the process."""
        if not self._is_counted:
            self._is_counted = True
            counts.add(WORKER_STARTS, ())
        cpu = time.process_time()
        counts.add(CPU_SECONDS, (), cpu - self._cpu)
        self._cpu = cpu
        counts.set(WORKERS, (), 1)
        counts.set(SLOTS, (), self._admission.slots)
        counts.set(SLOTS_TAKEN, (), self._admission.taken)
        counts.set(SLOTS_AWAITED, (), self._admission.waiting)
        with contextlib.suppress(OSError):
            pages = int(_MEMORY.read_text().split()[1])
            counts.set(MEMORY_BYTES, (), pages * os.sysconf("SC_PAGE_SIZE"))
