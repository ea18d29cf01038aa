"""Search: the words of each record, the vocabulary, and triggers that update both on each write."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTIONS = r"""
-- The words of a text: folded, with single spaces between them. Each Chinese or Japanese character is a word; very long
-- words are cut. U+E000 separates texts that are passed together.
CREATE FUNCTION plain_words(value text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN octet_length(value) <= 100 AND value ~ '^[ -~]*$'
        THEN btrim(regexp_replace(lower(value COLLATE pg_catalog.pg_c_utf8), '[^a-z0-9]+', ' ', 'g'))
    ELSE btrim(regexp_replace(regexp_replace(regexp_replace(
        fold(value) COLLATE pg_catalog.pg_c_utf8,
        '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])', ' \1 ', 'g'),
        '[[:punct:][:space:][:cntrl:]]+', ' ', 'g'), '(\S{100})\S+', '\1', 'g'))
END;

-- The words with compounds and initials joined: email for e-mail, obrien for O'Brien, jrr for J. R. R.
CREATE FUNCTION joined_words(value text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE
RETURN plain_words(regexp_replace(regexp_replace(value COLLATE pg_catalog.pg_c_utf8,
    '(\w)[''’‘ʼ‐‑-](?=\w)', '\1', 'g'), '\m(\w)[.\s]+(?=\w\M)', '\1', 'g'));

-- Words with a prefix before each.
CREATE FUNCTION marked_words(mark text, words text) RETURNS tsvector IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN words = '' THEN ''
    ELSE array_to_tsvector(string_to_array(mark || replace(words, ' ', ' ' || mark), ' ')) END;

-- Words with their positions.
CREATE FUNCTION placed_words(words text) RETURNS tsvector IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(word || ':' || least(place, 16383), ' '), '')::tsvector
    FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS listed(word, place) WHERE word <> U&'\E000');

-- The search words of a record: all words with their positions, those of its heading with the prefix `=`. Names are
-- plain words between line breaks; of each, the first word has the prefix `^` and the whole name the prefix `^^`.
CREATE FUNCTION search_words(heading text, names text, further text[]) RETURNS tsvector IMMUTABLE PARALLEL SAFE
RETURN placed_words(plain_words(concat_ws(U&' \E000 ',
        heading, replace(names, E'\n', U&' \E000 '), array_to_string(further, U&' \E000 '))))
    || marked_words('=', plain_words(heading))
    || CASE WHEN heading ~ '[''’‘ʼ‐‑.-]'
        THEN marked_words('', joined_words(heading)) || marked_words('=', joined_words(heading)) ELSE '' END
    || CASE WHEN array_to_string(further, ' ') ~ '\w[''’‘ʼ‐‑.-]\w'
        THEN marked_words('', joined_words(array_to_string(further, ' '))) ELSE '' END
    || array_to_tsvector(ARRAY(
        SELECT DISTINCT unnest(ARRAY['^' || split_part(name, ' ', 1), '^^' || left(name, 200)])
        FROM unnest(string_to_array(names, E'\n')) AS name WHERE name <> ''));

-- All names of an author as plain words, each between line breaks; also with joined initials, where that differs.
CREATE FUNCTION name_lines(name text, sort_name text, alternate_names text[]) RETURNS text
IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT E'\n' || coalesce(string_agg(line, E'\n' ORDER BY place), '') || E'\n' FROM (
    SELECT line, min(place) AS place
    FROM unnest(ARRAY[name, sort_name] || alternate_names) WITH ORDINALITY AS borne(value, place),
        unnest(ARRAY[plain_words(value), joined_words(value)]) AS line
    WHERE line <> '' GROUP BY line) AS lines);

-- A word and its variants without one letter: two words that differ by one typing error share a variant.
CREATE FUNCTION slips(word text) RETURNS text[] IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(
    SELECT DISTINCT left(word, place) || substr(word, place + 2) FROM generate_series(0, length(word)) AS place);

-- The search for all of some words, with a prefix before each. With `*` at the end, the last one is the beginning of a
-- word.
CREATE FUNCTION words_query(mark text, words text) RETURNS tsquery IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(DISTINCT quote_literal(mark || word) || ending, ' & '), '')::tsquery
    FROM (
        SELECT word, CASE WHEN right(words, 1) = '*' AND lead(word) OVER (ORDER BY place) IS NULL THEN ':*' ELSE '' END
        FROM unnest(string_to_array(plain_words(words), ' ')) WITH ORDINALITY AS listed(word, place)
    ) AS ended(word, ending));

-- The search for adjacent words.
CREATE FUNCTION phrase_query(words text) RETURNS tsquery IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(quote_literal(word), ' <-> ' ORDER BY place), '')::tsquery
    FROM unnest(string_to_array(plain_words(words), ' ')) WITH ORDINALITY AS listed(word, place));

-- The search for some phrases and against others; each line is one phrase.
CREATE FUNCTION phrases_query(phrases text, without text) RETURNS tsquery IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(mark || '(' || phrase_query(phrase)::text || ')', ' & '), '')::tsquery
    FROM (SELECT phrase, '' AS mark FROM unnest(string_to_array(phrases, E'\n')) AS phrase
        UNION ALL SELECT phrase, '!' AS mark FROM unnest(string_to_array(without, E'\n')) AS phrase) AS listed
    WHERE plain_words(phrase) <> '');

-- The search for a whole name, and for a name that begins with some words.
CREATE FUNCTION name_query(words text) RETURNS tsquery IMMUTABLE STRICT PARALLEL SAFE
RETURN quote_literal('^^' || left(plain_words(words), 200))::tsquery;
CREATE FUNCTION name_beginning_query(words text) RETURNS tsquery IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN strpos(plain_words(words), ' ') = 0 THEN words_query('^', words || '*')
    ELSE (name_query(words)::text || ':*')::tsquery END;

-- The number of rows that the planner expects of a statement.
CREATE FUNCTION planned_rows(statement text) RETURNS bigint STRICT LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric::bigint;
END
$$;
"""

TABLES = r"""
CREATE TABLE vocabulary (word TEXT COLLATE "C" NOT NULL);

ALTER TABLE authors
    ADD COLUMN heading TEXT COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(plain_words(name), 200)) STORED,
    ADD COLUMN names TEXT NOT NULL GENERATED ALWAYS AS (name_lines(name, sort_name, alternate_names)) STORED,
    ADD COLUMN words TSVECTOR NOT NULL
        GENERATED ALWAYS AS (search_words(name, name_lines(name, sort_name, alternate_names), '{}')) STORED;

-- The names of a contributor, with the name credited on one book.
CREATE FUNCTION names_on_book(names text, credited_as text) RETURNS text IMMUTABLE PARALLEL SAFE
RETURN names || CASE WHEN credited_as IS NULL THEN '' ELSE name_lines(credited_as, credited_as, '{}') END;

-- The names of all contributors of a book.
CREATE FUNCTION contributor_names(book bigint) RETURNS text STABLE PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(names_on_book(names, credited_as), '' ORDER BY position), '')
    FROM contributions JOIN authors ON authors.id = author_id WHERE book_id = book);

-- The type does not change. Setting it again fills the column while the table is rewritten, which is much cheaper than
-- to update each row with all of its indexes.
ALTER TABLE books ADD COLUMN contributors TEXT NOT NULL DEFAULT '';
ALTER TABLE books
    ALTER COLUMN contributors DROP DEFAULT, ALTER COLUMN contributors TYPE TEXT USING contributor_names(id);
ALTER TABLE books
    ALTER COLUMN contributors SET DEFAULT '',
    ADD COLUMN heading TEXT COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(plain_words(title), 200)) STORED,
    ADD COLUMN words TSVECTOR NOT NULL
        GENERATED ALWAYS AS (search_words(title, contributors, ARRAY[subtitle, series, publisher] || subjects)) STORED;

INSERT INTO vocabulary
SELECT DISTINCT word
FROM (SELECT words FROM books UNION ALL SELECT words FROM authors) AS records, unnest(tsvector_to_array(words)) AS word
WHERE length(word) BETWEEN 2 AND 40 AND left(word, 1) NOT IN ('=', '^');
CREATE INDEX ix_vocabulary_word ON vocabulary (word);
CREATE INDEX ix_vocabulary_slips ON vocabulary USING gin (slips(word)) WITH (fastupdate = off);
CREATE INDEX ix_vocabulary_trigrams ON vocabulary USING gin (word gin_trgm_ops) WITH (fastupdate = off);
"""

NEARBY = r"""
-- For each of some words, in their order: whether it is in the vocabulary (with `*` at the end, the last one as the
-- beginning of a word), and the known words one typing error away, or else, for longer words, the most similar ones.
CREATE FUNCTION words_nearby(words text) RETURNS TABLE (word text, known boolean, near text[]) STABLE STRICT
BEGIN ATOMIC
    SELECT
        listed.word,
        EXISTS (
            SELECT FROM vocabulary WHERE vocabulary.word = listed.word
            UNION ALL
            SELECT FROM vocabulary
            WHERE right(words, 1) = '*' AND listed.place = listed.places
                AND vocabulary.word >= listed.word AND vocabulary.word < listed.word || U&'\+10FFFF'),
        coalesce(
            (SELECT array_agg(DISTINCT vocabulary.word) FROM vocabulary
                WHERE slips(vocabulary.word) && slips(listed.word) AND vocabulary.word <> listed.word),
            (SELECT array_agg(similar_.word) FROM (
                SELECT vocabulary.word FROM vocabulary
                WHERE length(listed.word) >= 6 AND vocabulary.word % listed.word AND vocabulary.word <> listed.word
                GROUP BY vocabulary.word
                ORDER BY similarity(vocabulary.word, listed.word) DESC, vocabulary.word LIMIT 8) AS similar_),
            '{}')
    FROM (SELECT unnested.word, place, count(*) OVER () AS places
        FROM unnest(string_to_array(plain_words(words), ' ')) WITH ORDINALITY AS unnested(word, place)) AS listed
    ORDER BY place;
END;
"""

TRIGGERS = r"""
-- Rows are locked before they are recomputed, and each statement sees everything committed before it. So of two
-- transactions that change the contributors of one book and their names, the second sees the changes of the first.

-- To be called before the names of an author change.
CREATE FUNCTION lock_books_of(author bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM books WHERE id IN (SELECT book_id FROM contributions WHERE author_id = author)
        ORDER BY id FOR NO KEY UPDATE;
END
$$;

CREATE FUNCTION follow_contributions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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

CREATE FUNCTION follow_names() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION follow_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO vocabulary
    SELECT DISTINCT listed.word FROM changed, unnest(tsvector_to_array(words)) AS listed(word)
    WHERE length(listed.word) BETWEEN 2 AND 40 AND left(listed.word, 1) NOT IN ('=', '^')
        AND NOT EXISTS (SELECT FROM vocabulary AS known WHERE known.word = listed.word);
    RETURN NULL;
END
$$;

CREATE TRIGGER contributors_of_new AFTER INSERT ON contributions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_contributions();
CREATE TRIGGER contributors_of_deleted AFTER DELETE ON contributions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_contributions();
CREATE TRIGGER contributors_of_former AFTER UPDATE ON contributions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_contributions();
CREATE TRIGGER contributors_of_changed AFTER UPDATE ON contributions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_contributions();
CREATE TRIGGER contributors_of_renamed AFTER UPDATE ON authors
    REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_names();
CREATE TRIGGER vocabulary_of_new AFTER INSERT ON books
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_words();
CREATE TRIGGER vocabulary_of_changed AFTER UPDATE ON books
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_words();
CREATE TRIGGER vocabulary_of_new AFTER INSERT ON authors
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_words();
CREATE TRIGGER vocabulary_of_changed AFTER UPDATE ON authors
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_words();
"""
READING_TABLES = (
    "words_nearby(text)",
    "contributor_names(bigint)",
    "names_on_book(text, text)",
)
FUNCTION_NAMES = (
    "lock_books_of(bigint)",
    "follow_words()",
    "follow_names()",
    "follow_contributions()",
    "planned_rows(text)",
    "name_beginning_query(text)",
    "name_query(text)",
    "phrases_query(text, text)",
    "phrase_query(text)",
    "words_query(text, text)",
    "slips(text)",
    "name_lines(text, text, text[])",
    "search_words(text, text, text[])",
    "placed_words(text)",
    "marked_words(text, text)",
    "joined_words(text)",
    "plain_words(text)",
)


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute(TABLES)
    for table in ("authors", "books"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN heading SET STATISTICS 1000")
        op.execute(f"CREATE INDEX ix_{table}_heading ON {table} (heading, id)")
        op.execute(f"CREATE INDEX ix_{table}_heading_length ON {table} (length(heading), id)")
        op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin (words) WITH (gin_pending_list_limit = 128)")
    op.execute(NEARBY)
    op.execute(TRIGGERS)
    op.execute("ANALYZE authors, books, vocabulary")


def downgrade() -> None:
    for table in ("authors", "books", "contributions"):
        for trigger in TRIGGERS.split("CREATE TRIGGER ")[1:]:
            name, _, rest = trigger.partition(" ")
            if f" ON {table}\n" in rest:
                op.execute(f"DROP TRIGGER {name} ON {table}")
    for function in READING_TABLES:
        op.execute(f"DROP FUNCTION {function}")
    for column in ("words", "names", "heading"):
        op.execute(f"ALTER TABLE authors DROP COLUMN {column}")
    for column in ("words", "heading", "contributors"):
        op.execute(f"ALTER TABLE books DROP COLUMN {column}")
    op.execute("DROP TABLE vocabulary")
    for function in FUNCTION_NAMES:
        op.execute(f"DROP FUNCTION {function}")
