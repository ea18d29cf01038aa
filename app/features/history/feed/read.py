"""Reads the changes behind a position, in the order of positions.

A page costs the same however many changes are stored: it reads the revisions of a range of positions by their index,
and of each revision only the changes that it may return, by the primary key. A range has at most `SCANNED_MOST`
positions, because a filter may match few of them; a page may therefore be short, or empty, although more follow.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import current_app

from app.features.history.change import COLUMNS, IS_CHANGE, ChangeRow
from app.features.history.positions import changes_within, last_position, revisions_within
from app.features.history.tables import CATALOG_RESOURCES, OPS
from extensions.database import Statement, fetch

SCANNED_MOST = 5_000  # positions of a page: some 20 ms if each has a revision of its own

# The changes of each revision are limited before they are sorted, because a revision of an import has 10,000.
# The large values of a page are bounded, too: a page ends before `most_bytes`, but has at least one row.
_PAGE = Statement(f"""
    SELECT pruned_position, page.* FROM change_feed LEFT JOIN (
        SELECT candidates, {", ".join(ChangeRow._fields)} FROM (
            SELECT *, count(*) OVER () AS candidates, sum(bytes) OVER (ORDER BY position) AS total FROM (
                SELECT {COLUMNS},
                    coalesce(octet_length(c.before::text), 0) + coalesce(octet_length(c.after::text), 0)
                FROM (
                    SELECT * FROM revisions WHERE {revisions_within("%(since)s", "%(until)s")}
                ) AS r CROSS JOIN LATERAL (
                    SELECT * FROM changes AS c
                    WHERE c.revision_id = r.id
                        AND {changes_within("%(since)s", "%(until)s")}
                        AND c.resource = ANY (%(resources)s::change_resource[])
                        AND c.op = ANY (%(ops)s::change_op[]) AND {IS_CHANGE}
                    ORDER BY c.ordinal LIMIT %(most)s + 1
                ) AS c LEFT JOIN accounts AS a ON a.id = r.account_id
                ORDER BY r.position, c.ordinal LIMIT %(most)s + 1
            ) AS candidate({", ".join(ChangeRow._fields)}, bytes)
        ) AS summed WHERE total <= %(most_bytes)s OR total = bytes
    ) AS page ON true
    ORDER BY page.position
""")


_PRUNED = Statement("SELECT pruned_position FROM change_feed")


class PositionPruned(Exception):
    """Changes behind the position are no longer kept."""

    def __init__(self, pruned: int) -> None:
        """`pruned`: the last position that is not kept."""
        super().__init__(f"positions up to {pruned} are not kept")
        self.pruned = pruned


class PositionAhead(Exception):
    """The position is higher than the last one."""

    def __init__(self, last: int) -> None:
        """`last`: the last position."""
        super().__init__(f"the last position is {last}")
        self.last = last


class ChangePage(NamedTuple):
    """Some changes behind a position."""

    rows: list[ChangeRow]
    last: int  # the last position that was read; the next page begins behind it
    more: bool  # whether positions behind `last` exist, which may have no change that matches


def require_kept(since: int) -> None:
    """Raise `PositionPruned` or `PositionAhead` unless all changes behind the position `since` are kept."""
    newest = last_position()
    if since > newest:
        raise PositionAhead(newest)
    [(pruned,)] = fetch(_PRUNED, {})
    if since < pruned:
        raise PositionPruned(pruned)


def read_changes(
    since: int,
    most: int,
    *,
    resources: tuple[str, ...] = CATALOG_RESOURCES,
    ops: tuple[str, ...] = (),
) -> ChangePage:
    """Return up to `most` changes behind the position `since`, in the order of their commits.

    Without `ops`, of every op. It reads at most `SCANNED_MOST` positions, so while `more` is true, a page may have
    fewer changes than `most`, or none. It also ends before `PAGE_MAX_BYTES`. Raises `PositionPruned`, `PositionAhead`
    and `DatabaseUnavailable`.
    """
    newest = last_position()
    if since > newest:
        raise PositionAhead(newest)
    if since == newest:
        return ChangePage([], newest, more=False)
    until = min(since + SCANNED_MOST, newest)
    values = {
        "since": since,
        "until": until,
        "most": most,
        "most_bytes": current_app.config["PAGE_MAX_BYTES"],
        "resources": list(resources),
        "ops": list(ops or OPS),
    }
    results = fetch(_PAGE, values)
    pruned, candidates = results[0][:2]  # of the same snapshot as the rows
    if since < pruned:
        raise PositionPruned(pruned)
    rows = [ChangeRow(*columns) for _, _, *columns in results[:most] if candidates]
    if rows and len(rows) < candidates:
        return ChangePage(rows, rows[-1].position, more=True)
    return ChangePage(rows, until, more=until < newest)
