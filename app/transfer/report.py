"""What became of the records of a file, counted so that it adds up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .chunks import Chunk
from .mending import KINDS
from .storing.catalog import Stored

KNOWN = "already there"  # why a record was skipped that was not to be updated
FATES = ("created", "updated", "unchanged", "skipped", "rejected")


@dataclass
class Report:
    """`read` is always the sum of `FATES`. `rows` are those of the file, of which several may make one record;
    `warnings` are counted by kind, `reasons` say why records were skipped.
    """

    rows: int = 0
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk, stored: Stored) -> None:
        """Count a chunk, and what became of it."""
        counts = stored.counts
        self.rows += chunk.rows
        self.read += chunk.records
        self.created += counts["created"]
        self.updated += counts["updated"]
        self.unchanged += counts["unchanged"]
        self.skipped += chunk.reasons.total() + counts["known"]
        self.rejected += len(chunk.rejected) + len(stored.rejected)
        self.warnings.update(chunk.mends)
        self.warnings.update({kind: counts[kind] for kind in KINDS if counts[kind]})
        self.reasons.update(chunk.reasons)
        if counts["known"]:
            self.reasons[KNOWN] += counts["known"]

    def __add__(self, other: Report) -> Report:
        mine, its = vars(self), vars(other)
        return Report(**{name: mine[name] + its[name] for name in mine})

    @property
    def adds_up(self) -> bool:
        """Whether every record is accounted for."""
        return self.read == sum(getattr(self, fate) for fate in FATES)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON has it, the most frequent warnings first."""
        return {
            name: dict(value.most_common()) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Report:
        """The report that `as_json` wrote."""
        values: dict[str, Any] = {
            name: Counter(value) if isinstance(value, dict) else value for name, value in document.items()
        }
        return cls(**values)
