"""The report of an import: how many records had which outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.transfer.warning_codes import WARNING_CODES

from .batch import Batch
from .loader import BatchResult

ALREADY_THERE = "already there"  # reason for records skipped by --on-conflict skip
OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected")


@dataclass
class Report:
    """Counts of the records of a file: `read` is the sum of `OUTCOMES`."""

    rows: int = 0  # rows of the file; several may make one record
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    warnings: Counter[str] = field(default_factory=Counter)  # by code
    reasons: Counter[str] = field(default_factory=Counter)  # of skipped records

    def add(self, batch: Batch, result: BatchResult) -> None:
        """Add a batch and its result."""
        counts = result.counts
        self.rows += batch.rows
        self.read += batch.records
        self.created += counts["created"]
        self.updated += counts["updated"]
        self.unchanged += counts["unchanged"]
        self.skipped += batch.skip_reasons.total() + counts["known"]
        self.rejected += len(batch.rejected) + len(result.rejected)
        self.warnings.update(batch.warnings)
        self.warnings.update({code: counts[code] for code in WARNING_CODES if counts[code]})
        self.reasons.update(batch.skip_reasons)
        if counts["known"]:
            self.reasons[ALREADY_THERE] += counts["known"]

    def __add__(self, other: Report) -> Report:
        mine, theirs = vars(self), vars(other)
        return Report(**{name: mine[name] + theirs[name] for name in mine})

    @property
    def adds_up(self) -> bool:
        """Whether every record is counted exactly once."""
        return self.read == sum(getattr(self, outcome) for outcome in OUTCOMES)

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object, the most frequent warnings first."""
        return {
            name: dict(value.most_common()) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Report:
        """Return the report that `as_json` wrote."""
        values: dict[str, Any] = {
            name: Counter(value) if isinstance(value, dict) else value for name, value in document.items()
        }
        return cls(**values)
