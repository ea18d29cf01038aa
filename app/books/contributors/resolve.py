"""Resolves the authors that books refer to, and creates missing ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ARRAY, Column, Table, Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from app.authors.models import Author
from app.authors.resource import AUTHORS
from app.core.columns.expressions import name_identity
from app.core.fields import Faults
from app.core.records.redirects import survivors_of
from app.core.resource import Draft
from app.core.sql.compile import compiled
from extensions.database import Retry, Statement, db

from .field import ContributorItem

NAMES_AT_ONCE = 1_000  # looked up or created by one statement, so that no step of a large batch takes long


NAME_CLAIMS = Table(
    "name_claims", db.metadata, Column("key", Text(collation="C"), primary_key=True), prefixes=["UNLOGGED"]
)


@dataclass(frozen=True)
class Namesakes:
    """The authors with one name."""

    key: str  # the name's identity, the same for all spellings of it
    ids: tuple[int, ...]


@dataclass(frozen=True)
class References:
    """The authors that the books of one request refer to."""

    by_id: dict[int, int]  # requested id → id of the author, which differs if the author was merged
    by_name: dict[str, Namesakes]

    def id_of(self, contributor: ContributorItem) -> int | None:
        """Return the author's id, None if the name has no author yet."""
        if contributor.id:
            return self.by_id[contributor.id]
        ids = self.by_name[contributor.name or ""].ids
        return ids[0] if ids else None


def resolve_authors(session: Session, drafts: list[Draft], faults: Faults) -> None:
    """Look up the authors that books refer to, and set `Draft.references`.

    Adds a fault for an unknown id, for a name of several authors, and for an author twice in the same role.
    """
    items = [
        (draft, f"{draft.pointer}/authors/{index}", contributor)
        for draft in drafts
        for index, contributor in enumerate(draft.values.get("authors", ()))
    ]
    by_name = _find_names(session, [contributor.name for _, _, contributor in items if contributor.name])
    ids = {contributor.id for _, _, contributor in items if contributor.id}
    named = {namesakes.ids[0] for namesakes in by_name.values() if len(namesakes.ids) == 1}
    # All authors are locked at once, in one order, and before names are claimed, so that two writers never deadlock. If
    # one book names authors that all exist, the statement that stores them does that.
    if not ids and len(drafts) == 1 and all(namesakes.ids for namesakes in by_name.values()):
        named = set()
    by_id = _lock_authors(session, ids | named)
    if any(by_id.get(author_id) != author_id for author_id in named):
        raise Retry  # one was merged or deleted since it was found
    references = References(by_id, by_name)
    seen: set[tuple[int, int | str, str]] = set()
    for draft, pointer, contributor in items:
        draft.references = references
        if contributor.id and contributor.id not in by_id:
            faults.add(
                f"{pointer}/id", "not_found", f"There is no author {contributor.id}. Correct the id, or send a name."
            )
            continue
        namesakes = by_name[contributor.name] if contributor.name else Namesakes("", ())
        if len(namesakes.ids) > 1:
            candidates = ", ".join(map(str, namesakes.ids[:20]))
            detail = f"{len(namesakes.ids)} authors have this name: {candidates}. Send an id instead of the name."
            faults.add(f"{pointer}/name", "ambiguous", detail)
            continue
        author = references.id_of(contributor) or namesakes.key
        if (id(draft), author, contributor.role) in seen:
            listed = f"Author {author}" if isinstance(author, int) else "An author of this name"
            faults.add(pointer, "duplicate", f"{listed} is already listed in this role. Remove one of them.")
        seen.add((id(draft), author, contributor.role))


def create_missing_authors(session: Session, drafts: list[Draft]) -> None:
    """Create the authors of names that have none, and update `Draft.references`."""
    references: References | None = next((draft.references for draft in drafts if draft.references), None)
    missing = [name for name, namesakes in references.by_name.items() if not namesakes.ids] if references else []
    if not references or not missing:
        return
    # A claim of the name's key makes two writes at once create one author, whatever the spelling.
    keys = list({references.by_name[name].key for name in missing})
    session.execute(select(func.claim_names(cast(keys, ARRAY(Text)))))
    references.by_name.update(_find_names(session, missing))
    spellings: dict[str, str] = {}  # key → its first spelling
    for name in missing:
        if not references.by_name[name].ids:
            spellings.setdefault(references.by_name[name].key, name)
    created: dict[str, int] = {}
    names = list(spellings.values())
    for start in range(0, len(names), NAMES_AT_ONCE):
        authors = [Draft(Author(), {"name": name}) for name in names[start : start + NAMES_AT_ONCE]]
        AUTHORS.save(session, authors)
        created |= {references.by_name[draft.values["name"]].key: draft.record.id for draft in authors}
    for name in missing:
        namesakes = references.by_name[name]
        references.by_name[name] = Namesakes(namesakes.key, namesakes.ids or (created[namesakes.key],))


def _lock_authors(session: Session, ids: set[int]) -> dict[int, int]:
    """Lock authors, and return the author of each id: the survivor, if it was merged.

    They are locked, so that no other transaction changes, deletes or merges them until this one ends.
    """
    authors: dict[int, int] = {}
    survivors = {author_id: author_id for author_id in ids}
    while survivors:
        existing = set(
            session.scalars(
                select(Author.id)
                .where(Author.id.in_(survivors.values()))
                .order_by(Author.id)
                .with_for_update(read=True)
            )
        )
        authors |= {author_id: survivor for author_id, survivor in survivors.items() if survivor in existing}
        # An author that was merged before it was locked has a survivor, which may have been merged meanwhile too.
        missing = [author_id for author_id, survivor in survivors.items() if survivor not in existing]
        following = survivors_of(session, AUTHORS, missing)
        survivors = {old: survivor for old, survivor in following.items() if survivor != survivors[old]}
    return authors


def _find_names(session: Session, names: Iterable[str]) -> dict[str, Namesakes]:
    """Return the authors of each name, in the order of the names.

    If authors have exactly this name, those with another spelling of it are left out.
    """
    exact: dict[str, list[int]] = {}
    alike: dict[str, list[int]] = {}
    keys: dict[str, str] = {}
    distinct = list(dict.fromkeys(names))
    for start in range(0, len(distinct), NAMES_AT_ONCE):
        part = distinct[start : start + NAMES_AT_ONCE]
        for row in _authors_of_names().run_within(session.connection(), {"names": part}):
            keys[row.wanted] = row.key
            if row.id is not None:
                (exact if row.name == row.wanted else alike).setdefault(row.wanted, []).append(row.id)
    return {name: Namesakes(keys[name], tuple(exact.get(name) or alike.get(name) or ())) for name in distinct}


@cache
def _authors_of_names() -> Statement:
    names = cast(bindparam("names"), ARRAY(Text))
    listed = func.unnest(names).table_valued("name").render_derived(name="listed")
    wanted = select(listed.c.name, name_identity(listed.c.name).label("key")).cte("wanted").prefix_with("MATERIALIZED")
    rows = select(wanted.c.name.label("wanted"), wanted.c.key, Author.id, Author.name)
    authors = rows.select_from(wanted.outerjoin(Author, Author.identity == wanted.c.key)).order_by(Author.id)
    return compiled(authors, prepared=True)
