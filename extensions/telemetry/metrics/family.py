"""A metric as Prometheus defines it: name, type, help text and labels."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple


class Kind(enum.StrEnum):
    """The type of a metric."""

    COUNTER = "counter"  # never goes back
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Family:
    """A metric. The name of a counter ends with ``_total``; each label has a closed list of values."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()  # the upper bounds of a histogram, without infinity

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its time series."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        return (self.name,)


class Sample(NamedTuple):
    """A value of a gauge."""

    family: Family
    labels: tuple[str, ...]
    value: float
