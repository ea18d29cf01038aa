"""The counts of one process: kept in memory, and copied to the file that the other workers read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from .family import Family, Kind
from .shared_files import is_gauge, key_of
from .value_file import ValueFile, stored_values


class Counts:
    """Counters, histograms and gauges by their labels. Safe to use in several threads."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._written: dict[str, float] = {}
        self._file: ValueFile | None = None
        self._lock = threading.Lock()

    def add(self, family: Family, labels: tuple[str, ...], amount: float = 1.0) -> None:
        """Add to a counter."""
        with self._lock:
            self._add(key_of(family.kind, family.name, labels), amount)

    def add_observations(self, family: Family, labels: tuple[str, ...], counts: Sequence[int], total: float) -> None:
        """Add observations to a histogram: how many per bucket (the last one has no upper bound), and their sum."""
        with self._lock:
            for number, count in enumerate(counts):
                if count:
                    self._add(key_of(family.kind, family.name, labels, str(number)), count)
            self._add(key_of(family.kind, family.name, labels, "sum"), total)

    def set(self, family: Family, labels: tuple[str, ...], value: float) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[key_of(Kind.GAUGE, family.name, labels)] = value

    def open(self, path: Path) -> None:
        """Write to a file from now on.

        If an earlier worker with this process id left it, its counters go on.
        """
        with self._lock:
            earlier = list(stored_values(path)) if path.exists() else []
            for key, value in earlier:
                if not is_gauge(key):
                    self._add(key, value)
            self._file, self._written = ValueFile(path, self._values), dict(self._values)

    def write(self) -> None:
        """Write the values that have changed to the file, if there is one."""
        with self._lock:
            if self._file is not None:
                changed = {key: value for key, value in self._values.items() if self._written.get(key) != value}
                self._file.write(changed)
                self._written.update(changed)

    def values(self) -> dict[str, float]:
        """Return a copy of all values by key."""
        with self._lock:
            return dict(self._values)

    def _add(self, key: str, amount: float) -> None:
        self._values[key] = self._values.get(key, 0.0) + amount
