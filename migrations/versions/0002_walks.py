"""Finer statistics and covering indexes, for filters that would walk an index over many rows.

With a statistics target of 100, the last histogram bucket of a long tail covers 1 % of all rows, and the planner
estimates about as many rows for each value in it: it would walk the whole list for the ten longest books. Ids and
times are correlated: in the order of one, the rows that match a filter on another may be behind half of the catalog.
The authors of a page are looked up one by one, by a hash index, whose cost does not grow with the table.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STEPS = 1000
KEYS = {
    "authors": ("birth_date_key", "death_date_key"),
    "books": ("page_count", "published_key", "series_position"),
}
MOMENTS = {"created_at": "updated_at", "updated_at": "created_at"}


def upgrade() -> None:
    _set_statistics(STEPS)
    for table in KEYS:
        op.execute(f"CREATE INDEX ix_{table}_id ON {table} (id) INCLUDE (created_at, updated_at)")
        for name, other in MOMENTS.items():
            op.execute(f"DROP INDEX ix_{table}_{name}")
            op.execute(f"CREATE INDEX ix_{table}_{name} ON {table} ({name}, id) INCLUDE ({other})")

    op.execute("CREATE INDEX ix_authors_id_hash ON authors USING hash (id)")
    op.execute("ANALYZE authors, books")


def downgrade() -> None:
    op.execute("DROP INDEX ix_authors_id_hash")
    _set_statistics(-1)
    for table in KEYS:
        op.execute(f"DROP INDEX ix_{table}_id")
        for name in MOMENTS:
            op.execute(f"DROP INDEX ix_{table}_{name}")
            op.execute(f"CREATE INDEX ix_{table}_{name} ON {table} ({name}, id)")


def _set_statistics(steps: int) -> None:
    for table, names in KEYS.items():
        for name in names:
            for direction in ("ascending", "descending"):
                op.execute(f"ALTER INDEX ix_{table}_{name}_{direction} ALTER COLUMN 1 SET STATISTICS {steps}")
