"""The search for duplicates: walks find candidates, facts judge them.

Nothing is precomputed: a page reads only the part of the walks from its start to the start of the next page. The
*tiers* are listed from the strongest reasons to the weakest; each walks the whole catalog and returns its own groups.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.core.resource import Resource
from extensions.database import Statement

from .walks import Walk, read

REASONS = {
    "same_name": "The names are the same, perhaps in different spellings.",
    "alternate_name": "The name of one is an alternate name of the other.",
    "near_spelling": "The names differ by a probable misspelling.",
    "same_dates": "A year of birth or of death is the same.",
    "shared_books": "Each has a book of the same title.",
    "shared_identifier": "They share an identifier.",
    "isbn_in_two_forms": "The ISBN of one is among the identifiers of the other.",
    "same_title_author_year": "Title, an author and the year are the same.",
    "same_title_author": "Title and an author are the same, and the year of at least one is unknown.",
}

Facts = dict[str, Any]  # the columns of a record that are compared, by name


@dataclass(frozen=True)
class Group:
    """Records that are probably the same, with the tier and the reasons."""

    ids: tuple[int, ...]
    tier: int
    reasons: tuple[str, ...]


class DuplicateSearch(ABC):
    """A search for duplicates in one resource."""

    resource: ClassVar[Resource]
    scores: ClassVar[Sequence[float]]  # of the tiers
    walks: ClassVar[Sequence[tuple[int, Walk]]]  # each for the groups of one tier
    facts: ClassVar[Statement]  # the facts of the records of the ids ``%(ids)s``
    members: ClassVar[Sequence[str]]  # the columns of `facts`, the id first

    @abstractmethod
    def may_be_same(self, record: Facts, other: Facts) -> bool:
        """Return whether no known fact distinguishes two records."""

    @abstractmethod
    def judge(self, records: list[Facts]) -> Group | None:
        """Return a group with its reasons; None without any reason."""

    def groups(self, candidates: Sequence[tuple[int, ...]]) -> list[list[Group]]:
        """Return, for the ids of each candidate, the groups of any tier among its records."""
        ids = sorted({record_id for group in candidates for record_id in group})
        rows = read(self.facts, {"ids": ids}) if ids else []
        facts = {row[0]: dict(zip(self.members, row, strict=True)) for row in rows}
        groups = []
        for group in candidates:
            clusters = self._clusters([facts[record_id] for record_id in group if record_id in facts])
            groups.append([judged for cluster in clusters if (judged := self.judge(cluster))])
        return groups

    def _clusters(self, records: list[Facts]) -> list[list[Facts]]:
        """Return clusters of two or more records that may all be the same.

        Each record is in the first cluster that it fits.
        """
        clusters: list[list[Facts]] = []
        for record in records:
            cluster = next((each for each in clusters if all(self.may_be_same(other, record) for other in each)), None)
            if cluster is None:
                clusters.append([record])
            else:
                cluster.append(record)
        return [cluster for cluster in clusters if len(cluster) > 1]


def share_identifier(record: Facts, other: Facts, leave_out: str = "") -> bool:
    """Return whether two records share an identifier of a scheme other than `leave_out`."""
    mine, others = record["identifiers"], other["identifiers"]
    return any(set(mine[scheme]) & set(others[scheme]) for scheme in mine.keys() & others.keys() - {leave_out})
