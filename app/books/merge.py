"""How books are merged, and what becomes of an author's books when authors are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app import survivors
from app.authors import merge as authors
from app.authors.schemas import AUTHORS
from app.merging import Merging, Record, distinct, united
from app.problems import Conflict
from app.resource import Draft
from app.vocabulary import Json

from . import contributors, moves
from .models import Book
from .schemas import BOOKS, refuse_taken


def _unite(survivor: Record, old: Record) -> Record:
    """As `merging.united`; the other's ISBN stands among the identifiers where the survivor has one of its own."""
    isbn = survivor["isbn"] or old["isbn"]
    isbns = [*([old["isbn"]] if old["isbn"] else []), *old["identifiers"].get("isbn", ())]
    others = {**old["identifiers"], "isbn": isbns} if isbns else old["identifiers"]
    changes = united(BOOKS, survivor, {**old, "identifiers": others})
    identifiers = changes["identifiers"] if "identifiers" in changes else survivor["identifiers"]
    if isbn in identifiers.get("isbn", ()):  # it is said already
        further = [one for one in identifiers["isbn"] if one != isbn]
        kept = {scheme: values for scheme, values in identifiers.items() if scheme != "isbn"}
        changes["identifiers"] = {**kept, "isbn": further} if further else kept
    return {name: value for name, value in changes.items() if value != survivor[name]}


def _lock_nothing(session: Session, old_ids: Sequence[int], moved: Sequence[Json]) -> None:
    """The books themselves are all that is locked."""


def _move_contributors(session: Session, old_id: int, survivor_id: int, moment: str) -> Json:
    """Join the contributors of two books that are one."""
    of_both = moves.contributors_of(session, [survivor_id, old_id])
    after = moves.joined(of_both[survivor_id], of_both[old_id])
    distinct(BOOKS, "contributors", [f"{author_id} {role}" for author_id, role, *_ in after], contributors.MOST)
    moves.store(session, {survivor_id: after})
    return {"mine": of_both[survivor_id], "others": of_both[old_id]}


def _restore_contributors(session: Session, old_id: int, survivor_id: int, moment: str, moved: Json) -> None:
    mine, others = moved["mine"], moved["others"]
    now = moves.contributors_of(session, [survivor_id])[survivor_id]
    if not moves.same(now, moves.joined(mine, others)):
        raise Conflict(
            f"The merge of book {old_id} cannot be undone: the contributors of book {survivor_id} changed since."
        )
    moves.store(session, {survivor_id: mine, old_id: others})


def _refuse_taken(session: Session, record: Record) -> None:
    """Raise `Conflict` where another book has taken the ISBN since."""
    refuse_taken(session, [Draft(Book(), {"isbn": record["isbn"]})])


def _lock_books(session: Session, old_ids: Sequence[int], moved: Sequence[Json]) -> None:
    """Lock the books that the merge of authors concerns. A write to a book locks the book and then its authors; in the
    same order the two never wait for each other.
    """
    back = {int(book_id) for one in moved for book_id in one}
    moves.lock_books(session, sorted(back.union(moves.books_of(session, old_ids))))


def _move_books(session: Session, old_id: int, survivor_id: int, moment: str) -> Json:
    """Let one author have made what another one made."""
    before = moves.contributors_of(session, moves.books_of(session, [old_id]))
    times = moves.times_of(session, before)
    moves.store(session, {book_id: moves.given_over(one, old_id, survivor_id) for book_id, one in before.items()})
    moves.changed_at(session, before, moment)
    return {str(book_id): {"updated_at": times[book_id], "contributors": one} for book_id, one in before.items()}


def _restore_books(session: Session, old_id: int, survivor_id: int, moment: str, moved: Json) -> None:
    """Let each of two authors have made what they had; a book that was deleted since stays deleted."""
    before = {int(book_id): one for book_id, one in moved.items()}
    for book_id, into in survivors.survivors_of(session, BOOKS, before).items():
        raise Conflict(
            f"The merge of author {old_id} cannot be undone: book {book_id} was merged into book {into} since. "
            "Undo that first."
        )
    there = moves.times_of(session, before)
    now = moves.contributors_of(session, there)
    for book_id, contributors_now in now.items():
        expected = moves.given_over(before[book_id]["contributors"], old_id, survivor_id)
        if not moves.same(contributors_now, expected):
            raise Conflict(
                f"The merge of author {old_id} cannot be undone: the contributors of book {book_id} changed since."
            )
    moves.store(session, {book_id: before[book_id]["contributors"] for book_id in there})
    moves.changed_back(session, {book_id: before[book_id]["updated_at"] for book_id in there}, moment)


def _refuse_nothing(session: Session, record: Record) -> None:
    """Nothing of an author can be taken."""


BOOK_MERGING = Merging(BOOKS, _unite, _move_contributors, _restore_contributors, _lock_nothing, _refuse_taken)
AUTHOR_MERGING = Merging(AUTHORS, authors.unite, _move_books, _restore_books, _lock_books, _refuse_nothing)
