"""Merging of books."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.books.contributors.field import MOST_CONTRIBUTORS
from app.books.models import Book
from app.books.resource import BOOKS, refuse_taken_isbns
from app.core.resource import Draft
from app.http.problems import Conflict
from app.values.json_value import Json

from .contributor_lists import is_same_list, joined, read_contributors, store_contributors
from .merging import MergedRow, Merging, distinct, united


class BookMerging(Merging):
    """Merges books: contributors are joined, and a second ISBN becomes an identifier."""

    resource = BOOKS

    def unite(self, survivor: MergedRow, old: MergedRow) -> MergedRow:
        isbn = survivor["isbn"] or old["isbn"]
        isbns = [*([old["isbn"]] if old["isbn"] else []), *old["identifiers"].get("isbn", ())]
        others = {**old["identifiers"], "isbn": isbns} if isbns else old["identifiers"]
        changes = united(BOOKS, survivor, {**old, "identifiers": others})
        identifiers = changes["identifiers"] if "identifiers" in changes else survivor["identifiers"]
        if isbn in identifiers.get("isbn", ()):  # it is in the field already
            further = [number for number in identifiers["isbn"] if number != isbn]
            rest = {scheme: values for scheme, values in identifiers.items() if scheme != "isbn"}
            changes["identifiers"] = {**rest, "isbn": further} if further else rest
        return {name: value for name, value in changes.items() if value != survivor[name]}

    def move(self, session: Session, old_id: int, survivor_id: int, merged_at: str) -> Json:
        contributors = read_contributors(session, [survivor_id, old_id])
        after = joined(contributors[survivor_id], contributors[old_id])
        distinct(BOOKS, "contributors", [f"{author_id} {role}" for author_id, role, *_ in after], MOST_CONTRIBUTORS)
        store_contributors(session, {survivor_id: after})
        return {"mine": contributors[survivor_id], "others": contributors[old_id]}

    def restore(self, session: Session, old_id: int, survivor_id: int, merged_at: str, moved: Json) -> None:
        mine, others = moved["mine"], moved["others"]
        current = read_contributors(session, [survivor_id])[survivor_id]
        if not is_same_list(current, joined(mine, others)):
            raise Conflict(
                f"The merge of book {old_id} cannot be undone: the contributors of book {survivor_id} have changed "
                "since. Restore them first."
            )
        store_contributors(session, {survivor_id: mine, old_id: others})

    def refuse(self, session: Session, old: MergedRow) -> None:
        """Raise `Conflict` if another book has taken the ISBN since."""
        refuse_taken_isbns(session, [Draft(Book(), {"isbn": old["isbn"]})])


BOOK_MERGING = BookMerging()
