"""Walks along an index that pass over many rows: finer statistics, and indexes that hold what is asked for.

With a hundred steps of statistics, the last one of a long tail holds a hundredth of all rows, and the planner takes
every value in it to find about as many: it would walk the whole list for the ten longest books. And ids and times grow
along together: sorted by one, what was asked of another may stand behind half of the catalog. Last, the authors of a
page are looked up one by one: by a hash that costs the same however many there are.
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
