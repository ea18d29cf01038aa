"""SQL statements that match staged authors with authors of the catalog.

An author is matched by its id in the source, then by another common identifier, then by `name_key` and year of birth.
An author with another id of the same source is never a match. For a record without a source, an author is not a match
if all identifiers of a common scheme differ, unless both an identifier and the name are equal.
"""

from __future__ import annotations

OF_ROUND = "s.mentioned = %(mentioned)s AND s.round = %(round)s"
OPEN = f"{OF_ROUND} AND s.author_id IS NULL"

# The key of an author that was merged into another one matches that other author, whose own key comes first. Then the
# record only fills in unknown values.
BY_KEY = f"""
    UPDATE staged_authors AS staged
    SET author_id = matched.id, fills = matched.own_key <> staged.key AND matched.name <> staged.key
    FROM (
        SELECT DISTINCT ON (s.ordinal) s.ordinal, a.id, a.name, a.identifiers -> s.scheme ->> 0 AS own_key
        FROM staged_authors AS s
        JOIN authors AS a ON a.identifiers @> jsonb_build_object(s.scheme, jsonb_build_array(s.key))
        WHERE {OPEN} AND s.key IS NOT NULL
        ORDER BY s.ordinal, a.id
    ) AS matched
    WHERE staged.ordinal = matched.ordinal
"""
# Whether two authors have identifiers of one scheme that all differ. The condition is only applied to candidates, which
# come from an index.
_IDENTIFIERS_DIFFER = """
    EXISTS (
        SELECT FROM jsonb_each(identifiers) AS staged_scheme(scheme, ids)
        WHERE stored ? staged_scheme.scheme AND staged_scheme.scheme NOT LIKE 'original.%%'
            AND NOT EXISTS (SELECT FROM jsonb_array_elements(ids) AS id WHERE stored -> staged_scheme.scheme @> id)
    )
"""
BY_IDENTIFIER = f"""
    WITH candidates AS MATERIALIZED (
        SELECT s.ordinal, s.scheme, s.identifiers, a.id AS author_id, a.identifiers AS stored,
            a.identity = s.identity AS is_namesake
        FROM staged_authors AS s
        CROSS JOIN jsonb_each(s.identifiers) AS staged_scheme(scheme, ids)
        CROSS JOIN jsonb_array_elements(ids) AS value
        JOIN authors AS a ON a.identifiers @> jsonb_build_object(staged_scheme.scheme, jsonb_build_array(value))
        WHERE {OPEN} AND staged_scheme.scheme IS DISTINCT FROM s.scheme AND staged_scheme.scheme NOT LIKE 'original.%%'
            AND (s.scheme IS NULL OR NOT a.identifiers ? s.scheme)
    )
    UPDATE staged_authors AS staged SET author_id = matched.author_id, adds_key = staged.key IS NOT NULL
    FROM (
        SELECT DISTINCT ON (author_id) ordinal, author_id FROM candidates
        WHERE scheme IS NOT NULL OR is_namesake OR NOT {_IDENTIFIERS_DIFFER}
        ORDER BY author_id, ordinal
    ) AS matched
    WHERE staged.ordinal = matched.ordinal
"""
# A record with a key matches by name only if exactly one author has that name. A record without a key takes the oldest
# author of the name. In our own exports it takes the author at index `homonym`, exact spellings first.
BY_NAME = f"""
    WITH candidates AS MATERIALIZED (
        SELECT s.ordinal, s.homonym, s.identifiers, a.id AS author_id, a.identifiers AS stored,
            s.key IS NOT NULL AS keyed,
            s.birth_year IS NOT NULL AND a.birth_date_key IS NULL AS is_undated,
            s.homonym >= 0 AND a.name <> s.name AS differs
        FROM staged_authors AS s JOIN authors AS a ON a.identity = s.identity
        WHERE {OPEN} AND (s.scheme IS NULL OR NOT a.identifiers ? s.scheme)
            AND (s.birth_year = a.birth_date_key / 10000 OR s.birth_year IS NULL OR a.birth_date_key IS NULL)
    )
    UPDATE staged_authors AS staged SET author_id = matched.author_id, adds_key = staged.key IS NOT NULL
    FROM (
        SELECT DISTINCT ON (CASE WHEN keyed THEN author_id ELSE ordinal END, keyed) ordinal, author_id
        FROM (
            SELECT ordinal, homonym, author_id, keyed,
                rank() OVER (PARTITION BY ordinal ORDER BY is_undated, differs, author_id) AS rank,
                count(*) OVER (PARTITION BY ordinal, is_undated) AS namesakes
            FROM candidates WHERE NOT {_IDENTIFIERS_DIFFER}
        ) AS ranked
        WHERE rank = 1 + coalesce(homonym, 0) AND (namesakes = 1 OR NOT keyed)
        ORDER BY CASE WHEN keyed THEN author_id ELSE ordinal END, keyed, ordinal
    ) AS matched
    WHERE staged.ordinal = matched.ordinal
"""
AMBIGUOUS = f"""
    SELECT s.ordinal, s.name FROM staged_authors AS s
    WHERE {OF_ROUND} AND s.key IS NULL AND s.author_id IS NOT NULL AND (
        SELECT count(*) FROM (
            SELECT FROM authors AS a
            WHERE a.identity = s.identity AND (s.birth_year = a.birth_date_key / 10000 OR s.birth_year IS NULL)
            LIMIT 2) AS namesakes) > 1
"""
# If several records match one author, or have the same unmatched name, all but the first are postponed to the next
# round.
POSTPONE = f"""
    UPDATE staged_authors AS staged SET round = round + 1, author_id = NULL, adds_key = false
    FROM (
        SELECT s.ordinal, row_number() OVER (
            PARTITION BY s.author_id, CASE WHEN s.author_id IS NULL THEN s.identity END ORDER BY s.ordinal) AS number
        FROM staged_authors AS s
        WHERE {OF_ROUND} AND (s.author_id IS NOT NULL OR s.key IS NULL)
    ) AS numbered
    WHERE staged.ordinal = numbered.ordinal AND numbered.number > 1
"""
# A postponed record may become a new author. Its id is reserved now, so that ids have the order of the file.
RESERVE_IDS = """
    UPDATE staged_authors AS staged SET kept_id = numbered.id
    FROM (
        SELECT ordinal, nextval(pg_get_serial_sequence('authors', 'id')) AS id
        FROM (
            SELECT s.ordinal FROM staged_authors AS s
            WHERE s.mentioned = %(mentioned)s AND s.round IN (%(round)s, %(round)s + 1)
                AND s.author_id IS NULL AND s.kept_id IS NULL
            ORDER BY s.ordinal
        ) AS unmatched
    ) AS numbered
    WHERE staged.ordinal = numbered.ordinal
"""
UNMATCHED_NAMES = f"SELECT DISTINCT s.identity FROM staged_authors AS s WHERE {OPEN} AND s.key IS NULL"
COUNT_MATCHED = f"SELECT count(*) FROM staged_authors AS s WHERE {OF_ROUND} AND s.author_id IS NOT NULL"
