"""Stores the contributors of books."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.books.models import Contribution
from app.core.records.insert import Derived
from app.core.resource import Draft

# The column `contributors` of a new book. Left to the triggers, it would take a second write of the whole row.
# The authors are locked, so that no other transaction renames them before the book is stored.
CONTRIBUTOR_NAMES = Derived(
    "contributors",
    """(
        SELECT coalesce(string_agg(names_on_book(held.names, held.credited_as), '' ORDER BY held.place), '')
        FROM (
            SELECT authors.names, listed.credited_as, listed.place
            FROM unnest(new.author_ids, new.credited_as) WITH ORDINALITY AS listed(author_id, credited_as, place)
            JOIN authors ON authors.id = listed.author_id
            ORDER BY authors.id
            FOR SHARE OF authors
        ) AS held
    )""",
    (("author_ids", "bigint[]"), ("credited_as", "text[]")),
)


def contributor_names_members(draft: Draft) -> dict[str, Any]:
    """Return the members that `CONTRIBUTOR_NAMES` of a new book is computed from."""
    items = draft.values.get("authors", ())
    return {
        "author_ids": [draft.references.id_of(contributor) for contributor in items],
        "credited_as": [contributor.credited_as for contributor in items],
    }


def missing_rows(session: Session, draft: Draft, *, is_new: bool) -> list[dict[str, Any]]:
    """Return the rows to insert for the contributors of a flushed book.

    Deletes its stored contributors, if they differ. A book that `is_new` has none.
    """
    book = draft.record
    wanted = [
        (draft.references.id_of(contributor), contributor.role, contributor.credited_as)
        for contributor in draft.values["authors"]
    ]
    if not is_new:
        # Their order is compared, not their positions: a contributor that was deleted leaves a gap.
        columns = (Contribution.author_id, Contribution.role, Contribution.credited_as)
        stored = select(*columns).where(Contribution.book_id == book.id).order_by(Contribution.position)
        if [tuple(row) for row in session.execute(stored)] == wanted:
            return []
        session.execute(delete(Contribution).where(Contribution.book_id == book.id))
        book.updated_at = func.clock_timestamp()
    return [
        {"book_id": book.id, "author_id": author_id, "role": role, "position": position, "credited_as": credited_as}
        for position, (author_id, role, credited_as) in enumerate(wanted)
    ]
