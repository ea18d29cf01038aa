"""The report of an import: how many records had which outcome, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from app.transfer.records import Rejected
from app.transfer.warning_codes import describe_warning

from .batch import Batch, Warned
from .loader import BatchResult

ALREADY_THERE = "already there"  # reason for records skipped by --on-conflict skip
OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected")
MAX_REASONS = 50  # different reasons of rejects; all further ones count as `OTHER_REASONS`
MAX_ALIKE = 3  # reasons that differ only in numbers and quoted values; further ones count without these
OTHER_REASONS = "other reasons"

_variable = re.compile(r"\d[\d,.]*\d|\d|'[^']*'|\"[^\"]*\"|“[^”]*”|`[^`]*`")


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
    warnings: dict[str, Warned] = field(default_factory=dict)  # by code
    skip_reasons: Counter[str] = field(default_factory=Counter)
    reject_reasons: Counter[str] = field(default_factory=Counter)  # the first reason of each record

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
        self._add_warnings(batch.warnings)
        self._add_warnings(result.warnings)
        self.skip_reasons.update(batch.skip_reasons)
        if counts["known"]:
            self.skip_reasons[ALREADY_THERE] += counts["known"]
        for rejected in (*batch.rejected, *result.rejected):
            _count_reason(self.reject_reasons, _text_of_reject(rejected))

    def _add_warnings(self, warnings: Mapping[str, Warned]) -> None:
        for code, warned in warnings.items():
            self.warnings.setdefault(code, Warned()).add_all(warned)

    def __add__(self, other: Report) -> Report:
        """Return the sum. Rows of warnings are only those of the first file with the warning."""
        mine, theirs = self.as_checkpoint(), other.as_checkpoint()
        total = Report(**{name: mine[name] + theirs[name] for name in mine if type(mine[name]) is int})
        for report in (self, other):
            total._add_warnings(
                {
                    code: Warned(warned.count, [] if code in total.warnings else warned.rows, *_example(warned))
                    for code, warned in report.warnings.items()
                }
            )
            total.skip_reasons.update(report.skip_reasons)
            for text, count in report.reject_reasons.items():
                _count_reason(total.reject_reasons, text, count)
        return total

    def copy(self) -> Report:
        """Return an independent copy."""
        return Report.from_checkpoint(self.as_checkpoint())

    @property
    def adds_up(self) -> bool:
        """Whether every record is counted exactly once."""
        return self.read == sum(getattr(self, outcome) for outcome in OUTCOMES)

    @property
    def counts(self) -> dict[str, int]:
        """The records by outcome, and `read`, their sum."""
        return {name: getattr(self, name) for name in ("read", *OUTCOMES)}

    @property
    def described_warnings(self) -> list[dict[str, Any]]:
        """The warnings as JSON objects, the most frequent first."""
        return [
            {
                "code": code,
                "count": warned.count,
                "detail": describe_warning(code, warned.count, *_example(warned)),
                "rows": warned.rows,
            }
            for code, warned in sorted(self.warnings.items(), key=lambda item: -item[1].count)
        ]

    @property
    def reasons(self) -> dict[str, int]:
        """How many records were skipped or rejected for which reason, the most frequent first.

        A record with several reasons counts for the first one, so that the sum is `skipped` + `rejected`.
        """
        return dict((self.skip_reasons + self.reject_reasons).most_common())

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {"rows": self.rows, **self.counts, "warnings": self.described_warnings, "reasons": self.reasons}

    def as_checkpoint(self) -> dict[str, Any]:
        """Return everything as JSON values, for `from_checkpoint`."""
        values = dict(vars(self))
        values["warnings"] = {code: asdict(warned) for code, warned in self.warnings.items()}
        for name in ("skip_reasons", "reject_reasons"):
            values[name] = dict(values[name])
        return values

    @classmethod
    def from_checkpoint(cls, document: Mapping[str, Any]) -> Report:
        """Return the report that `as_checkpoint` returned."""
        values = dict(document)
        values["warnings"] = {code: Warned(**warned) for code, warned in values["warnings"].items()}
        for name in ("skip_reasons", "reject_reasons"):
            values[name] = Counter(values[name])
        return cls(**values)


def _example(warned: Warned) -> tuple[str, str]:
    return warned.original, warned.result


def _text_of_reject(rejected: Rejected) -> str:
    """Return the first reason of a reject, with the name of its field unless the sentence begins with it."""
    if not rejected.reasons:
        return OTHER_REASONS
    field_, detail = rejected.reasons[0].field, rejected.reasons[0].detail
    return detail if not field_ or detail.startswith(field_) else f"{field_}: {detail}"


def _count_reason(reasons: Counter[str], text: str, count: int = 1) -> None:
    """Count a reason. The number of different reasons is bounded, although a reason may quote a value of its record."""
    if text not in reasons:
        shape = _shape(text)
        alike = sum(_shape(known) == shape for known in reasons if known != shape)
        if shape in reasons or alike >= MAX_ALIKE:
            text = shape
        if text not in reasons and len(reasons) >= MAX_REASONS:
            text = OTHER_REASONS
    reasons[text] += count


@lru_cache(maxsize=2 * MAX_REASONS)
def _shape(text: str) -> str:
    """Return a reason without its numbers and quoted values."""
    return _variable.sub("…", text)
