"""Search data of many books follows a rename in transactions of its own; writers of new names claim them by rows."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE stale_authors (
    author_id BIGINT NOT NULL,
    after_book_id BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_stale_authors PRIMARY KEY (author_id)
);
CREATE UNLOGGED TABLE name_claims (
    key TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_name_claims PRIMARY KEY (key)
);
CREATE TABLE stale_books (
    book_id BIGINT NOT NULL,
    expected TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_stale_books PRIMARY KEY (book_id)
);
"""

FUNCTIONS = r"""
-- Claim the keys of new names, and wait for other transactions that have claimed the same ones. A claim is a row that
-- no other transaction sees, because the one that inserts it deletes it. Until that ends, the unique index makes every
-- other one wait that claims the same key, and none that claims another. A transaction can have any number of claims.
-- They are made in one order, so that two writers never deadlock.
CREATE FUNCTION claim_names(keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO name_claims SELECT DISTINCT listed.key COLLATE "C" FROM unnest(keys) AS listed(key) ORDER BY 1
        ON CONFLICT DO NOTHING;
    DELETE FROM name_claims WHERE key = ANY (keys);
END
$$;

-- Whether an author contributed to so many books that their search data is refreshed later.
CREATE FUNCTION is_prolific(author bigint) RETURNS boolean STABLE
RETURN EXISTS (SELECT FROM contributions WHERE author_id = author OFFSET 200);

CREATE FUNCTION mark_stale(author bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_authors (author_id) VALUES (author) ON CONFLICT (author_id) DO UPDATE SET after_book_id = 0;
END
$$;

-- Refresh the search data of locked books, and their updated_at if it follows a merge.
CREATE FUNCTION refresh_books(listed bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE books SET contributors = fresh.names, updated_at = fresh.updated_at
    FROM (
        SELECT books.id, contributor_names(books.id) AS names, CASE WHEN stale_books.expected = books.updated_at
            THEN stale_books.updated_at ELSE books.updated_at END AS updated_at
        FROM books LEFT JOIN stale_books ON stale_books.book_id = books.id
        WHERE books.id = ANY (listed)
    ) AS fresh
    WHERE books.id = fresh.id AND (books.contributors <> fresh.names OR books.updated_at <> fresh.updated_at);
    DELETE FROM stale_books WHERE book_id = ANY (listed);
END
$$;

-- Refresh some stale books; return how many, 0 if there are none, or others hold them. This waits for nothing while it
-- holds a mark, because writers wait for marks.
CREATE FUNCTION refresh_search(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    listed bigint[];
    held bigint[];
    author bigint;
    after bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(8315161602022304868) THEN
        RETURN 0;
    END IF;
    SELECT array_agg(id) INTO listed FROM (
        SELECT books.id FROM stale_books JOIN books ON books.id = book_id
        ORDER BY book_id LIMIT most FOR NO KEY UPDATE SKIP LOCKED) AS held;
    IF listed IS NOT NULL THEN
        PERFORM refresh_books(listed);
        RETURN cardinality(listed);
    END IF;
    DELETE FROM stale_books WHERE NOT EXISTS (SELECT FROM books WHERE id = book_id);
    SELECT author_id, after_book_id INTO author, after FROM stale_authors
        ORDER BY author_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    listed := ARRAY(SELECT DISTINCT book_id FROM contributions
        WHERE author_id = author AND book_id > after ORDER BY book_id LIMIT most);
    IF listed = '{}' THEN
        DELETE FROM stale_authors WHERE author_id = author;
        RETURN 1;
    END IF;
    held := ARRAY(SELECT id FROM books WHERE id = ANY (listed) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
    PERFORM refresh_books(held);
    -- Up to the first book that was locked; from there on once more, later.
    SELECT coalesce(min(book_id) - 1, listed[cardinality(listed)]) INTO after
        FROM unnest(listed) AS book_id WHERE book_id <> ALL (held);
    UPDATE stale_authors SET after_book_id = after WHERE author_id = author;
    RETURN CASE WHEN after >= listed[1] THEN cardinality(held) ELSE 0 END;
END
$$;

-- For whoever is about to change the names of an author. The books of a prolific one stay unlocked.
CREATE OR REPLACE FUNCTION lock_books_of(author bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF is_prolific(author) THEN
        PERFORM mark_stale(author);
    ELSE
        PERFORM 1 FROM books WHERE id IN (SELECT book_id FROM contributions WHERE author_id = author)
            ORDER BY id FOR NO KEY UPDATE;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION follow_contributions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('catalog.contributors_given', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM books WHERE id IN (SELECT book_id FROM changed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE books SET contributors = found.names
    FROM (
        SELECT listed.book_id, coalesce(string_agg(held.names, '' ORDER BY held.position), '') AS names
        FROM (SELECT DISTINCT book_id FROM changed) AS listed
        LEFT JOIN (
            SELECT book_id, position, names_on_book(authors.names, credited_as) AS names
            FROM contributions JOIN authors ON authors.id = author_id
            WHERE book_id IN (SELECT book_id FROM changed)
            ORDER BY authors.id  -- the order in which all writers lock them
            FOR SHARE OF authors
        ) AS held USING (book_id)
        GROUP BY listed.book_id
    ) AS found
    WHERE books.id = found.book_id AND books.contributors <> found.names;
    RETURN NULL;
END
$$;

-- The authors are locked, and writers lock books first. So no book is waited for: the author of one that is locked is
-- marked as stale, like a prolific one.
CREATE OR REPLACE FUNCTION follow_names() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    renamed bigint[] := ARRAY(
        SELECT changed.id FROM former JOIN changed USING (id) WHERE former.names <> changed.names);
    affected bigint[];
    held bigint[];
BEGIN
    IF renamed = '{}' THEN
        RETURN NULL;
    END IF;
    affected := ARRAY(SELECT DISTINCT book_id FROM contributions
        WHERE author_id IN (SELECT author FROM unnest(renamed) AS author WHERE NOT is_prolific(author)));
    held := ARRAY(SELECT id FROM books WHERE id = ANY (affected) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
    PERFORM mark_stale(author) FROM unnest(renamed) AS author
    WHERE is_prolific(author)
        OR EXISTS (SELECT FROM contributions WHERE author_id = author AND book_id <> ALL (held))
    ORDER BY author;
    IF held <> '{}' THEN
        UPDATE books SET contributors = contributor_names(id)
        WHERE id = ANY (held) AND contributors <> contributor_names(id);
    END IF;
    RETURN NULL;
END
$$;
"""

BEFORE = r"""
CREATE OR REPLACE FUNCTION follow_contributions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('catalog.contributors_given', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM books WHERE id IN (SELECT book_id FROM changed) ORDER BY id FOR NO KEY UPDATE;
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

CREATE OR REPLACE FUNCTION lock_books_of(author bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM books WHERE id IN (SELECT book_id FROM contributions WHERE author_id = author)
        ORDER BY id FOR NO KEY UPDATE;
END
$$;

CREATE OR REPLACE FUNCTION follow_names() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    affected bigint[] := ARRAY(
        SELECT DISTINCT book_id
        FROM former JOIN changed USING (id) JOIN contributions ON contributions.author_id = changed.id
        WHERE former.names <> changed.names);
BEGIN
    IF affected <> '{}' THEN
        PERFORM 1 FROM books WHERE id = ANY (affected) ORDER BY id FOR NO KEY UPDATE;
        UPDATE books SET contributors = contributor_names(id)
        WHERE id = ANY (affected) AND contributors <> contributor_names(id);
    END IF;
    RETURN NULL;
END
$$;
"""

NEW_FUNCTIONS = (
    "claim_names(text[])",
    "refresh_search(integer)",
    "refresh_books(bigint[])",
    "mark_stale(bigint)",
    "is_prolific(bigint)",
)


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    # What is stale would stay so: the older service refreshes nothing later.
    op.execute("SELECT refresh_books(ARRAY(SELECT book_id FROM stale_books ORDER BY book_id))")
    op.execute(
        "SELECT refresh_books(ARRAY(SELECT book_id FROM contributions WHERE author_id = stale_authors.author_id)) "
        "FROM stale_authors"
    )
    op.execute(BEFORE)
    for function in NEW_FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE stale_books, stale_authors, name_claims")
