"""A periodic job deletes changes that are older than the setting CHANGES_DAYS.

Each transaction deletes a range of positions, the oldest first, and stores its end in ``change_feed.pruned_position``.
The deletion of a record stays, if it is the record's last change, because the record can be restored from it.
"""

from __future__ import annotations

from flask import current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.features.history.positions import changes_within, last_position, revisions_within
from app.features.history.tables import CATALOG_RESOURCES
from extensions.database import Statement, fetch, transaction
from extensions.jobs import Kind, RunningJob

PRUNED_AT_ONCE = 1_000  # positions in one transaction
EVERY_SECONDS = 600.0

_LOCK = text("SELECT pg_try_advisory_xact_lock(5401932270467310452)")  # held by one process at a time


# The end of the range: before the first young revision. No row if there is nothing to prune. IS TRUE keeps the planner
# from the index on `at`, which has all young revisions.
def _range_end(days: str, most: str) -> str:
    """Return SQL, for parameters in SQL."""
    return f"""
        SELECT pruned_position, until FROM change_feed CROSS JOIN LATERAL (
            SELECT least(pruned_position + {most}, last_position, min(position) - 1) AS until FROM revisions
            WHERE {revisions_within("pruned_position", f"pruned_position + {most}")}
                AND position + size - 1 > pruned_position
                AND (at >= now() - make_interval(days => {days})) IS TRUE
        ) AS range WHERE until > pruned_position
    """


_UNTIL = text(_range_end(":days", ":most"))
# Old changes may have no position yet, because these are given when the feed is read; the job gives them.
_IS_DUE = Statement(f"""
    SELECT EXISTS ({_range_end("%(days)s", str(PRUNED_AT_ONCE))}) OR coalesce(
        (SELECT at FROM revisions WHERE position IS NULL ORDER BY id LIMIT 1) < now() - make_interval(days => %(days)s),
        false)
""")
# Every change of the range but the last deletion of a record; and the deletion, kept by an earlier range, of a record
# that is restored in this one. Written so that each step is a few look-ups in an index, whatever the planner assumes.
_CHANGES = text(f"""
    WITH range AS MATERIALIZED (
        SELECT changed.* FROM revisions CROSS JOIN LATERAL (
            SELECT revision_id, ordinal, record_id, resource, op, place FROM changes
            WHERE revision_id = id AND {changes_within(":pruned", ":until", "revisions")}
            ORDER BY ordinal LIMIT :until - :pruned
        ) AS changed
        WHERE {revisions_within(":pruned", ":until")}
    ), gone AS (
        SELECT revision_id, ordinal FROM range
        WHERE op NOT IN ('deleted', 'merged') OR NOT resource::text = ANY (:restorable) OR (
            SELECT true FROM changes AS later WHERE later.record_id = range.record_id
                AND later.resource = range.resource AND later.place > range.place LIMIT 1) IS TRUE
        UNION ALL
        SELECT kept.revision_id, kept.ordinal FROM range CROSS JOIN LATERAL (
            SELECT revision_id, ordinal FROM changes AS former
            WHERE former.record_id = range.record_id AND former.resource = range.resource
                AND former.op IN ('deleted', 'merged') AND former.place < range.place LIMIT :until
        ) AS kept
        WHERE range.op IN ('created', 'unmerged')
    )
    DELETE FROM changes WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM gone CROSS JOIN LATERAL (
            SELECT ctid FROM changes AS stored
            WHERE stored.revision_id = gone.revision_id AND stored.ordinal = gone.ordinal LIMIT 1) AS found))
    RETURNING changes.revision_id
""")
_REVISIONS = text("""
    DELETE FROM revisions WHERE position + size - 1 <= :until
        AND (id = ANY (:emptied) OR position > :pruned AND position <= :until)
        AND NOT EXISTS (SELECT FROM changes WHERE revision_id = id)
""")
_PRUNED = text("UPDATE change_feed SET pruned_position = :until")


def prune_some(days: int) -> int:
    """Prune some changes that are more than `days` old; return how many positions, 0 if there are no more.

    Also 0 if another process prunes. Raises ``DatabaseUnavailable``.
    """
    last_position()  # changes have no position before the first read

    def prune(session: Session) -> int:
        if not session.scalar(_LOCK):
            return 0
        row = session.execute(_UNTIL, {"days": days, "most": PRUNED_AT_ONCE}).first()
        if row is None:
            return 0
        pruned, until = row
        values = {"pruned": pruned, "until": until, "restorable": list(CATALOG_RESOURCES)}
        emptied = session.scalars(_CHANGES, values).all()
        session.execute(_REVISIONS, {"pruned": pruned, "until": until, "emptied": list(set(emptied))})
        session.execute(_PRUNED, {"until": until})
        return int(until - pruned)

    return transaction(prune, area=None)


def prune_all(job: RunningJob) -> dict[str, int]:
    """Prune all changes that are old; return how many positions."""
    days = current_app.config["CHANGES_DAYS"]
    return {"positions": sum(iter(lambda: prune_some(days), 0)) if days else 0}


def is_due() -> bool:
    """Return whether changes are pruned, and there are some that are old and have a position."""
    days = current_app.config["CHANGES_DAYS"]
    return bool(days) and bool(fetch(_IS_DUE, {"days": days})[0][0])


PRUNE_CHANGES = Kind("prune-changes", prune_all, every=EVERY_SECONDS, is_due=is_due)
