"""The import: its checkpoint, functions that unite lists, and triggers that accept given contributor names."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FUNCTIONS = r"""
-- The distinct items of two lists, in their order; items beyond the maximum are dropped.
CREATE FUNCTION added_to_list(held text[], further text[], most integer) RETURNS text[] IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN held @> further THEN held ELSE ARRAY(
    SELECT value FROM unnest(held || further) WITH ORDINALITY AS listed(value, place)
    GROUP BY value ORDER BY min(place) LIMIT most) END;

-- Identifiers united: the schemes of both, each with the values of both.
CREATE FUNCTION added_to_identifiers(held jsonb, further jsonb) RETURNS jsonb IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN held @> further THEN held ELSE held || (
    SELECT jsonb_object_agg(scheme, to_jsonb(added_to_list(
        ARRAY(SELECT jsonb_array_elements_text(coalesce(held -> scheme, '[]'))),
        ARRAY(SELECT jsonb_array_elements_text(added)), 50)))
    FROM jsonb_each(further) AS of_scheme(scheme, added)) END;
"""

MARKS = """
CREATE TABLE import_marks (
    digest TEXT NOT NULL,
    records BIGINT NOT NULL,
    report JSONB NOT NULL,
    moved_at TIMESTAMPTZ DEFAULT now() NOT NULL,
    CONSTRAINT pk_import_marks PRIMARY KEY (digest)
);
"""

FOLLOWING = r"""
CREATE OR REPLACE FUNCTION follow_contributions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {given}PERFORM 1 FROM books WHERE id IN (SELECT book_id FROM changed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE books SET contributors = found.names
    FROM (
        SELECT listed.book_id, coalesce(string_agg(held.names, '' ORDER BY held.position), '') AS names
        FROM (SELECT DISTINCT book_id FROM changed) AS listed
        LEFT JOIN (
            SELECT book_id, position, names_on_book(authors.names, credited_as) AS names
            FROM contributions JOIN authors ON authors.id = author_id
            WHERE book_id IN (SELECT book_id FROM changed)
            FOR SHARE OF authors
        ) AS held USING (book_id)
        GROUP BY listed.book_id
    ) AS found
    WHERE books.id = found.book_id AND books.contributors <> found.names;
    RETURN NULL;
END
$$;
"""
# The import writes thousands of lists at once. It computes all their names in one statement, locks the authors as the
# trigger does, and turns the trigger off by this setting of its transaction.
GIVEN = """IF current_setting('catalog.contributors_given', true) = 'on' THEN
        RETURN NULL;
    END IF;
    """


# The former storage parameters of indexes. Now each connection sets the size of their pending lists: small for the
# service, large for an import.
WAITING = {
    "ix_authors_words": "gin_pending_list_limit = 128",
    "ix_books_words": "gin_pending_list_limit = 128",
    "ix_vocabulary_slips": "fastupdate = off",
    "ix_vocabulary_trigrams": "fastupdate = off",
}


def upgrade() -> None:
    op.execute(FUNCTIONS)
    for index, setting in WAITING.items():
        op.execute(f"ALTER INDEX {index} RESET ({setting.partition(' ')[0]})")
    op.execute(MARKS)
    op.execute(FOLLOWING.format(given=GIVEN))


def downgrade() -> None:
    for index, setting in WAITING.items():
        op.execute(f"ALTER INDEX {index} SET ({setting})")
    op.execute(FOLLOWING.format(given=""))
    op.execute("DROP TABLE import_marks")
    op.execute("DROP FUNCTION added_to_identifiers(jsonb, jsonb), added_to_list(text[], text[], integer)")
