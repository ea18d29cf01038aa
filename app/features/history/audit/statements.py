"""The SQL of the audit: the changes of a range of positions for a page, and all changes for a stream."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, literal_column, select, text
from sqlalchemy.types import Text

from app.core.sql.compile import compiled
from app.core.sql.shape import Selection
from app.core.sql.where import conditions_of
from app.features.history import positions
from app.features.history.change import COLUMNS, IS_CHANGE, JOINED, ChangeRow
from extensions.database import Statement

from .resource import AUDIT

ROW_BYTES = 400  # of a document without the values before and after

_WITHIN = f"{positions.revisions_within(':low', ':high')} AND {positions.changes_within(':low', ':high')}"


@lru_cache(maxsize=256)
def changes_within(selection: Selection, *, ascending: bool) -> Statement:
    """Return the statement of the first changes above the position ``%(low)s`` and up to ``%(high)s``.

    Newest first unless `ascending`. Its rows have the columns of `ChangeRow`, the number of bytes up to the row, and
    whether it ends within ``%(bytes)s``, or is the first one and ``%(is_first)s``. If not, its values are not read.
    There are at most ``%(limit)s`` rows.
    """
    order = "ASC" if ascending else "DESC"
    keys: Select[Any] = (
        select(literal_column("c.revision_id, c.ordinal"))
        .select_from(text("changes AS c JOIN revisions AS r ON r.id = c.revision_id"))
        .where(text(IS_CHANGE), text(_WITHIN), *conditions_of(AUDIT, selection))
        .order_by(text(f"r.position {order}, c.ordinal {order}"))
        .limit(bindparam("limit"))
    )
    # Keys first, because many may be sorted.
    selected, columns = compiled(keys), ", ".join(ChangeRow._fields)
    read = columns.replace("before, after", "CASE WHEN fits THEN before END, CASE WHEN fits THEN after END")
    return Statement(
        f"""
        SELECT {read}, bytes, fits FROM (
            SELECT *, bytes <= %(bytes)s OR bytes = size AND %(is_first)s AS fits FROM (
                SELECT *, sum(size) OVER (ORDER BY position {order}) AS bytes FROM (
                    SELECT *, coalesce(octet_length(before::text), 0) + coalesce(octet_length(after::text), 0)
                        + {ROW_BYTES} AS size
                    FROM (
                        SELECT {COLUMNS} FROM {JOINED} WHERE (c.revision_id, c.ordinal) IN ({selected.sql})
                    ) AS selected({columns})
                ) AS sized
            ) AS summed
        ) AS bounded
        ORDER BY position {order}
        """,
        selected.constants,
    )


@lru_cache(maxsize=256)
def all_changes(selection: Selection) -> Statement:
    """Return the statement of all selected changes, newest first: a column of JSON arrays of a `ChangeRow`."""
    row = func.json_build_array(literal_column(COLUMNS)).cast(Text)
    return compiled(
        select(row)
        .select_from(text(JOINED))
        .where(text(IS_CHANGE), text("r.position IS NOT NULL"), *conditions_of(AUDIT, selection))
        .order_by(text("r.position DESC, c.ordinal DESC"))
    )
