"""The feed of changes: revisions, their changes, and the positions that both get after the commit.

A transaction that changes something has one row in ``revisions``, and each record that it changes one in ``changes``.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TYPE change_resource AS ENUM ('books', 'authors', 'accounts', 'tokens', 'failed_sign_ins', 'migrations');
CREATE TYPE change_op AS ENUM ('created', 'updated', 'deleted', 'merged', 'unmerged');

CREATE TABLE revisions (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    position BIGINT,
    size INTEGER,
    at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    account_id BIGINT,
    via TEXT NOT NULL,
    request_id TEXT,
    note TEXT,
    CONSTRAINT pk_revisions PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_revisions_position ON revisions (position);
CREATE INDEX ix_revisions_unnumbered ON revisions (id) WHERE position IS NULL;
CREATE INDEX ix_revisions_account_id ON revisions (account_id, position) WHERE account_id IS NOT NULL;
CREATE INDEX ix_revisions_at ON revisions (at);

CREATE SEQUENCE changes_place_seq;
CREATE TABLE changes (
    revision_id BIGINT NOT NULL,
    record_id BIGINT NOT NULL,
    place BIGINT DEFAULT nextval('changes_place_seq') NOT NULL,
    ordinal INTEGER NOT NULL,
    resource change_resource NOT NULL,
    op change_op NOT NULL,
    before JSONB,
    after JSONB,
    CONSTRAINT pk_changes PRIMARY KEY (revision_id, ordinal)
);
CREATE UNIQUE INDEX uq_changes_record_id_resource_revision_id ON changes (record_id, resource, revision_id);

CREATE TABLE change_feed (
    only_row BOOLEAN DEFAULT true NOT NULL,
    last_position BIGINT DEFAULT 0 NOT NULL,
    pruned_position BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_change_feed PRIMARY KEY (only_row),
    CONSTRAINT ck_change_feed_only_row CHECK (only_row)
);
INSERT INTO change_feed DEFAULT VALUES;
"""

FUNCTIONS = r"""
-- The members of a JSON object that are different, or missing, in another one.
CREATE FUNCTION differing(object jsonb, other jsonb) RETURNS jsonb IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(object)
    WHERE value IS DISTINCT FROM other -> key);

-- Reserve ordinals for changes in the revision of this transaction, which the first change creates. The setting
-- `catalog.cause` has the account, the kind of client, the request and the note; `catalog.revision` is 'id,ordinals'.
-- Both end with the transaction, and return to their former values with a savepoint.
CREATE FUNCTION reserve_changes(number bigint, OUT revision bigint, OUT first integer) LANGUAGE plpgsql AS $$
DECLARE
    held text := nullif(current_setting('catalog.revision', true), '');
    cause jsonb := nullif(current_setting('catalog.cause', true), '');
BEGIN
    IF held IS NULL THEN
        INSERT INTO revisions (account_id, via, request_id, note)
        VALUES ((cause ->> 'account_id')::bigint, coalesce(cause ->> 'via', 'sql'), cause ->> 'request_id',
            cause ->> 'note')
        RETURNING id INTO revision;
        first := 0;
    ELSE
        revision := split_part(held, ',', 1);
        first := split_part(held, ',', 2);
    END IF;
    PERFORM set_config('catalog.revision', revision || ',' || first + number, true);
END
$$;

-- The revision of this transaction, NULL if it has changed nothing yet.
CREATE FUNCTION current_revision() RETURNS bigint STABLE
RETURN split_part(nullif(current_setting('catalog.revision', true), ''), ',', 1)::bigint;

-- Give positions to committed revisions that have none, and return the last position. The lock makes the callers take
-- turns, and the next statement sees all that was committed before. Of two transactions that changed the same record,
-- the second one waited for the first, so its last place is higher.
CREATE FUNCTION number_changes() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM revisions WHERE position IS NULL) THEN
        RETURN (SELECT last_position FROM change_feed);
    END IF;
    SELECT last_position INTO last FROM change_feed FOR UPDATE;
    WITH unnumbered AS MATERIALIZED (
        SELECT id, coalesce(ordinal, 0) + 1 AS size, coalesce(place, 0) AS place
        FROM revisions LEFT JOIN LATERAL (
            SELECT ordinal, place FROM changes WHERE revision_id = id ORDER BY ordinal DESC LIMIT 1) AS latest ON true
        WHERE position IS NULL
    ), numbered AS (
        UPDATE revisions SET position = placed.position, size = placed.size
        FROM (SELECT id, size, last + 1 + sum(size) OVER (ORDER BY place, id) - size AS position FROM unnumbered)
            AS placed
        WHERE revisions.id = placed.id
        RETURNING revisions.position + revisions.size - 1 AS last
    )
    UPDATE change_feed SET last_position = greatest(last_position, (SELECT max(numbered.last) FROM numbered))
    RETURNING last_position INTO last;
    RETURN last;
END
$$;

-- A migration that rewrites records calls this first: it is recorded as one note, and the rest of it not at all.
CREATE FUNCTION record_migration(note text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
BEGIN
    PERFORM set_config('catalog.cause', jsonb_build_object('via', 'cli', 'note', note)::text, true);
    SELECT * INTO reserved FROM reserve_changes(1);
    INSERT INTO changes (revision_id, record_id, ordinal, resource, op)
    VALUES (reserved.revision, 0, reserved.first, 'migrations', 'updated');
    PERFORM set_config('catalog.is_migrating', 'on', true);
END
$$;

CREATE FUNCTION is_migrating() RETURNS boolean STABLE
RETURN coalesce(current_setting('catalog.is_migrating', true), '') = 'on';
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    for function in (
        "record_migration(text)",
        "is_migrating()",
        "number_changes()",
        "current_revision()",
        "reserve_changes(bigint)",
        "differing(jsonb, jsonb)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE changes, revisions, change_feed")
    op.execute("DROP SEQUENCE changes_place_seq")
    op.execute("DROP TYPE change_op, change_resource")
