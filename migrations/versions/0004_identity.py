"""Identity: the key by which an author's names are the same, however they are written."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTIONS = r"""
-- Text that fits into an index: the whole of it where it is short, else its beginning and a digest of all of it.
CREATE FUNCTION bounded(value text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN length(value) <= 200 THEN value ELSE left(value, 168) || md5(value) END;

-- What is the same for all ways to write one name: case, accents, punctuation, spacing and joined initials do not
-- matter, and a name that is filed under its family name is turned at the comma. From the inside out:
--   fold; apostrophes and invisible marks dropped, one comma, one sigma
--   "king, jr., martin luther" and "martin luther king, jr."  lose the comma before the suffix
--   "king, martin luther jr."                                 gets one there
--   "king, martin luther, jr."                                is turned
--   all that is neither letter nor digit is one space
--   initials that follow each other are one word: "a a milne" becomes "aa milne"
-- A name of punctuation alone stays what it is. Words are never sorted: "A. E. Taylor" is not "E. A. Taylor".
CREATE FUNCTION name_key(name text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE
RETURN bounded(coalesce(
    nullif(
        regexp_replace(
            btrim(regexp_replace(
                regexp_replace(
                    regexp_replace(
                        regexp_replace(
                            translate(
                                fold(name),
                                U&'\060c\03c2''`\00b4\02b9\02bc\02be\02bf\00ad\200b\200c\200d\200e\200f\2060\feff',
                                U&',\03c3'
                            ),
                            '^([^,]*),\s*((?:jr|sr|ii|iii|iv)\.?)\s*(,|$)', '\1 \2\3'
                        ),
                        '^([^,]*,[^,]*[ .])((?:jr|sr|ii|iii|iv)\.?\s*)(,|$)', '\1,\2\3'
                    ),
                    '^([^,]*),([^,]*)', '\2 \1 '
                ),
                '[[:punct:][:space:]]+', ' ', 'g'
            )),
            '(?<=(?:^| )[^ [:digit:]]) (?=[^ [:digit:]](?: |$))', '', 'g'
        ),
        ''
    ),
    nullif(fold(name), ''),
    name
));

-- The keys of all names of an author.
CREATE FUNCTION name_keys(name text, alternatives text[]) RETURNS text[] IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(SELECT name_key(one) FROM unnest(array_prepend(name, alternatives)) AS one);
"""

COLUMNS = """
ALTER TABLE authors
    ADD COLUMN identity TEXT COLLATE "C" GENERATED ALWAYS AS (name_key(name) COLLATE "C") STORED NOT NULL;
CREATE INDEX ix_authors_identity ON authors (identity, id);
CREATE INDEX ix_authors_identities ON authors USING gin (name_keys(name, alternate_names));
CREATE INDEX ix_contributions_credited_as_identity ON contributions ((name_key(credited_as) COLLATE "C"))
    WHERE credited_as IS NOT NULL;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FUNCTIONS.replace("%", "%%"))  # the driver's own mark
    op.execute(COLUMNS)
    op.execute("ANALYZE authors, contributions")


def downgrade() -> None:
    op.execute("DROP INDEX ix_contributions_credited_as_identity, ix_authors_identities")
    op.execute("ALTER TABLE authors DROP COLUMN identity")
    op.execute("DROP FUNCTION name_keys(text, text[]), name_key(text), bounded(text)")
