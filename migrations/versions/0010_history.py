"""Triggers record every change of books, authors and contributions, also by plain SQL."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BOOK_FIELDS = (
    "title",
    "subtitle",
    "isbn",
    "published",
    "publisher",
    "language",
    "page_count",
    "description",
    "series",
    "series_position",
    "subjects",
    "cover_url",
    "identifiers",
)
AUTHOR_FIELDS = ("name", "sort_name", "alternate_names", "birth_date", "death_date", "biography", "identifiers")

# For each table of records. If only `updated_at` moves, that is no change, but its former value is kept for the version
# before, because a list of contributors may change later in the transaction. A transition table has no statistics, and
# a nested loop over two large ones would not end.
RECORDS = r"""
CREATE FUNCTION record_new_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
BEGIN
    IF is_migrating() OR NOT EXISTS (SELECT FROM added) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO reserved FROM reserve_changes((SELECT count(*) FROM added));
    INSERT INTO changes AS change (revision_id, record_id, ordinal, resource, op)
    SELECT reserved.revision, id, reserved.first + row_number() OVER () - 1, '{table}', 'created' FROM added
    -- Deleted and created again by one transaction.
    ON CONFLICT (record_id, resource, revision_id) DO UPDATE SET op = 'updated',
        after = (SELECT differing(
            {new} || CASE WHEN change.before ? 'authors' THEN '{{"authors": []}}'::jsonb ELSE '{{}}' END, change.before
        ) FROM {table} AS latter WHERE id = excluded.record_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER record_new AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_new_{table}();

CREATE FUNCTION record_changed_{table}() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = on SET enable_nestloop = off AS $$
DECLARE
    reserved record;
    number bigint;
BEGIN
    IF is_migrating() THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO number FROM removed AS former JOIN added AS latter USING (id)
    WHERE ({old_columns}, former.updated_at) IS DISTINCT FROM ({new_columns}, latter.updated_at);
    IF number = 0 THEN
        RETURN NULL;
    END IF;
    SELECT * INTO reserved FROM reserve_changes(number);
    INSERT INTO changes AS change (revision_id, record_id, ordinal, resource, op, before, after)
    SELECT reserved.revision, id, reserved.first + row_number() OVER () - 1, '{table}', 'updated',
        jsonb_build_object('updated_at', former.updated_at) || {changed_old}, '{{}}'::jsonb || {changed_new}
    FROM removed AS former JOIN added AS latter USING (id)
    WHERE ({old_columns}, former.updated_at) IS DISTINCT FROM ({new_columns}, latter.updated_at)
    ON CONFLICT (record_id, resource, revision_id) DO UPDATE SET
        before = differing(excluded.before || change.before, change.after || excluded.after),
        after = differing(change.after || excluded.after, excluded.before || change.before)
        WHERE change.op = 'updated' AND excluded.after <> '{{}}';
    RETURN NULL;
END
$$;
CREATE TRIGGER record_changed AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION record_changed_{table}();
"""

DELETIONS = r"""
CREATE FUNCTION record_{event}_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
BEGIN
    IF is_migrating() OR NOT EXISTS (SELECT FROM {removed}) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO reserved FROM reserve_changes((SELECT count(*) FROM {removed}));
    WITH undone AS (  -- created and deleted by one transaction: no change
        DELETE FROM changes USING {removed} AS former
        WHERE revision_id = reserved.revision AND resource = '{table}' AND record_id = former.id
            AND op IN ('created', 'unmerged')
        RETURNING record_id
    )
    INSERT INTO changes AS change (revision_id, record_id, ordinal, resource, op, before)
    SELECT reserved.revision, id, reserved.first + row_number() OVER () - 1, '{table}', 'deleted',
        {old} || jsonb_build_object('id', id, 'created_at', created_at, 'updated_at', updated_at)
    FROM {removed} AS former WHERE id NOT IN (SELECT record_id FROM undone)
    ON CONFLICT (record_id, resource, revision_id) DO UPDATE SET
        op = 'deleted', before = excluded.before || change.before, after = NULL;
    RETURN NULL;
END
$$;
"""

# The lists of contributors are part of the books. A list is stored without the names, which history finds when it is
# read, because an author that is deleted is gone before the contributions.
CONTRIBUTIONS = r"""
CREATE FUNCTION record_{event}_contributions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
    current bigint := current_revision();
    listed bigint[];
BEGIN
    IF is_migrating() THEN
        RETURN NULL;
    END IF;
    listed := ARRAY(
        SELECT book_id FROM (SELECT DISTINCT book_id FROM ({touched}) AS rows) AS touched
        WHERE current IS NULL OR NOT EXISTS (
            SELECT FROM changes WHERE record_id = book_id AND resource = 'books' AND revision_id = current
                AND op IN ('created', 'unmerged')));
    IF listed = '{{}}' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO reserved FROM reserve_changes(cardinality(listed));
    INSERT INTO changes AS change (revision_id, record_id, ordinal, resource, op, before, after)
    SELECT reserved.revision, book_id, reserved.first + row_number() OVER () - 1, 'books', 'updated',
        jsonb_build_object('authors',
            coalesce(jsonb_agg(item ORDER BY position, author_id) FILTER (WHERE is_old), '[]')) || jsonb_strip_nulls(
            jsonb_build_object('updated_at', (SELECT updated_at FROM books WHERE id = book_id))),
        jsonb_build_object('authors',
            coalesce(jsonb_agg(item ORDER BY position, author_id) FILTER (WHERE NOT is_old), '[]'))
    FROM (
        SELECT book_id, author_id, position, is_old,
            jsonb_build_object('id', author_id, 'role', role, 'credited_as', credited_as) AS item
        FROM (
            SELECT true AS is_old, * FROM ({old}) AS earlier
            UNION ALL SELECT false, * FROM ({new}) AS later
        ) AS contributions WHERE book_id = ANY (listed)
    ) AS items
    GROUP BY book_id
    HAVING jsonb_agg(item ORDER BY position, author_id) FILTER (WHERE is_old)
        IS DISTINCT FROM jsonb_agg(item ORDER BY position, author_id) FILTER (WHERE NOT is_old)
    ON CONFLICT (record_id, resource, revision_id) DO UPDATE SET
        before = CASE change.op WHEN 'deleted' THEN excluded.before || change.before
            ELSE differing(excluded.before || change.before, change.after || excluded.after) END,
        after = CASE WHEN change.op <> 'deleted'
            THEN differing(change.after || excluded.after, excluded.before || change.before) END;
    RETURN NULL;
END
$$;
"""
CONTRIBUTION_COLUMNS = "book_id, author_id, role, position, credited_as"
STORED = f"SELECT {CONTRIBUTION_COLUMNS} FROM contributions WHERE book_id = ANY (listed)"
WITHOUT_ADDED = f"{STORED} EXCEPT SELECT {CONTRIBUTION_COLUMNS} FROM added"
REMOVED = f"SELECT {CONTRIBUTION_COLUMNS} FROM removed"
# By event: the rows that name the books, the lists before it, and those after it.
CONTRIBUTION_EVENTS = {
    "new": ("SELECT book_id FROM added", WITHOUT_ADDED, STORED),
    "changed": (
        "SELECT book_id FROM added UNION ALL SELECT book_id FROM removed",
        f"({WITHOUT_ADDED}) UNION ALL {REMOVED}",
        STORED,
    ),
    "deleted": ("SELECT book_id FROM removed", f"{STORED} UNION ALL {REMOVED}", STORED),
    "truncated": ("SELECT book_id FROM contributions", STORED, f"{STORED} AND false"),
}
TRIGGERS = """
CREATE TRIGGER record_new AFTER INSERT ON contributions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_new_contributions();
CREATE TRIGGER record_changed AFTER UPDATE ON contributions
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION record_changed_contributions();
"""
DELETION_TRIGGERS = """
CREATE TRIGGER record_deleted AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_deleted_{table}();
CREATE TRIGGER record_truncated BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION record_truncated_{table}();
"""

# A merge deletes the record before it stores its redirect; an unmerge creates the record before it deletes that.
MERGES = r"""
CREATE FUNCTION record_new_{noun}_merges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE changes SET op = 'merged', after = jsonb_build_object('merged_into', into_id) FROM added
    WHERE revision_id = current_revision() AND resource = '{noun}s' AND record_id = old_id AND op = 'deleted';
    RETURN NULL;
END
$$;
CREATE TRIGGER record_new AFTER INSERT ON {noun}_merges
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_new_{noun}_merges();
CREATE FUNCTION record_deleted_{noun}_merges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE changes SET op = 'unmerged' FROM removed
    WHERE revision_id = current_revision() AND resource = '{noun}s' AND record_id = old_id AND op = 'created';
    RETURN NULL;
END
$$;
CREATE TRIGGER record_deleted AFTER DELETE ON {noun}_merges
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_deleted_{noun}_merges();
"""


def json_object(fields: tuple[str, ...], row: str) -> str:
    """Return the SQL of a JSON object with the fields of a row."""
    members = (f"'{name}', {row}.{name}" for name in fields)
    return f"jsonb_build_object({', '.join(members)})"


def changed_fields(fields: tuple[str, ...], row: str) -> str:
    """Return the SQL of JSON objects, concatenated, with those fields of a row that differ in the other one."""
    return " || ".join(
        f"CASE WHEN former.{name} IS DISTINCT FROM latter.{name} "
        f"THEN jsonb_build_object('{name}', {row}.{name}) ELSE '{{}}' END"
        for name in fields
    )


def upgrade() -> None:
    for table, fields in (("books", BOOK_FIELDS), ("authors", AUTHOR_FIELDS)):
        old, new = json_object(fields, "former"), json_object(fields, "latter")
        old_columns, new_columns = (", ".join(f"{row}.{name}" for name in fields) for row in ("former", "latter"))
        values = {"new": new, "old_columns": old_columns, "new_columns": new_columns}
        changed = {"changed_old": changed_fields(fields, "former"), "changed_new": changed_fields(fields, "latter")}
        op.execute(RECORDS.format(table=table, **values, **changed))
        for event, removed in (("deleted", "removed"), ("truncated", table)):
            op.execute(DELETIONS.format(event=event, table=table, removed=removed, old=old))
        op.execute(MERGES.format(noun=table.removesuffix("s")))
    for event, (touched, before, after) in CONTRIBUTION_EVENTS.items():
        op.execute(CONTRIBUTIONS.format(event=event, touched=touched, old=before, new=after))
    op.execute(TRIGGERS)
    for table in ("books", "authors", "contributions"):
        op.execute(DELETION_TRIGGERS.format(table=table))


def downgrade() -> None:
    for table in ("books", "authors", "contributions"):
        for event in ("new", "changed", "deleted", "truncated"):
            op.execute(f"DROP FUNCTION record_{event}_{table}() CASCADE")
    for noun in ("book", "author"):
        for event in ("new", "deleted"):
            op.execute(f"DROP FUNCTION record_{event}_{noun}_merges() CASCADE")
