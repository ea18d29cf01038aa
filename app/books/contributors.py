"""A book's contributors: how they are read from a body, resolved to authors, stored, and read back as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar
from zlib import crc32

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from app.authors.models import Author
from app.authors.schemas import AUTHORS
from app.compilation import compiled
from app.expressions import identity_of
from app.insertion import Derived
from app.problems import unknown_name
from app.resource import Draft
from app.survivors import survivors_of
from app.values import cell
from app.vocabulary import Choice, Faults, Id, Json, Kind, Line, escape, items_of, json_type
from extensions.statement import Statement

from . import credit
from .models import ROLES, Contribution

MOST = 200
NAMES_AT_ONCE = 5_000  # looked up or stored together, so that no step of a large batch takes long
NAME_LOCKS = 1024  # a batch may create more names than a transaction may hold locks
NAME_LOCK_SPACE = 0x61757468  # "auth", so that these advisory locks are no one else's


@dataclass(frozen=True)
class Contributor:
    """One item of a book's `authors` as it was sent: an author's `id`, or the `name` of one to find or make."""

    id: int | None
    name: str | None
    role: str
    credited_as: str | None


class Contributors(Kind):
    """The ordered list of a book's contributors."""

    operators = ()
    empty: ClassVar[Json] = []
    id, name, role, credited_as = Id(), Line(), Choice(*ROLES), Line()

    def read(self, value: Json, pointer: str, faults: Faults) -> list[Contributor]:
        found: list[Contributor] = []
        places: dict[tuple[Any, str], int] = {}
        for place, at, item in items_of(value, MOST, pointer, faults):
            contributor = self._read_item(item, at, faults)
            if contributor is None:
                continue
            key = (contributor.id or contributor.name, contributor.role)
            if key in places:
                faults.add(at, "duplicate", f"The item at index {places[key]} is the same author in the same role.")
            places.setdefault(key, place)
            found.append(contributor)
        return found

    def _read_item(self, item: Json, at: str, faults: Faults) -> Contributor | None:
        if not isinstance(item, dict):
            faults.add(at, "type", f"This must be an object with an id or a name, not {json_type(item)}.")
            return None
        before = len(faults)
        for member in item:
            if member not in ("id", "name", "role", "credited_as"):
                detail = unknown_name(member, ("id", "name", "role", "credited_as"), "member")
                faults.add(f"{at}/{escape(member)}", "unknown", detail)
        author_id = name = credited_as = None
        role = ROLES[0]
        if item.get("id") is not None:
            author_id = self.id.read(item["id"], f"{at}/id", faults)
        elif item.get("name") is not None:
            name = self.name.read(item["name"], f"{at}/name", faults)
        else:
            faults.add(at, "required", "An author is named by id, or by name.")
        if item.get("role") is not None:
            role = self.role.read(item["role"], f"{at}/role", faults)
        if item.get("credited_as") is not None:
            credited_as = self.credited_as.read(item["credited_as"], f"{at}/credited_as", faults)
        return Contributor(author_id, name, role, credited_as) if len(faults) == before else None

    def cell(self, value: Json) -> str:
        return cell.join([credit.written(one["name"], one["role"], one["credited_as"]) for one in value])

    def answered(self, example: Json) -> Json:
        return [{"id": 7, "credited_as": None, **contributor} for contributor in example]

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        def member(kind: Kind, *, nullable: bool) -> dict[str, Any]:
            schema = kind.json_schema(sent=sent)
            if not nullable:
                return schema
            if "enum" in schema:
                return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
            return {**schema, "type": [schema["type"], "null"]}

        members = {
            "id": member(self.id, nullable=False),
            "name": member(self.name, nullable=False),
            "role": member(self.role, nullable=sent),
            "credited_as": member(self.credited_as, nullable=True),
        }
        item = {"type": "object", "additionalProperties": False, "properties": members}
        if sent:
            by_id = {**members, "name": {"description": "Ignored beside an id, so that what was read may be sent back"}}
            # Nothing but null; said so, because to generators of types a field of null alone is none.
            by_name = {**members, "id": {"type": ["integer", "null"], "not": {"type": "integer"}}}
            item = {
                "anyOf": [
                    {**item, "properties": by_id, "required": ["id"]},
                    {**item, "properties": by_name, "required": ["name"]},
                ]
            }
        else:
            item["required"] = list(members)
        return {"type": "array", "maxItems": MOST, "items": item}


def as_json(books: FromClause) -> ColumnElement[Any]:
    """The SQL of a book's `authors` as JSON, in their order."""
    authors, contributions = Author.__table__, Contribution.__table__
    contributor = (
        select(authors.c.id, authors.c.name, contributions.c.role, contributions.c.credited_as)
        .join_from(contributions, authors, authors.c.id == contributions.c.author_id)
        .where(contributions.c.book_id == books.c.id)
        .correlate(books)
        .order_by(contributions.c.position)
        .subquery("contributor")
    )
    rows = select(literal_column("contributor")).select_from(contributor).scalar_subquery()
    return func.array_to_json(func.array(rows))  # more compact than json_agg, and empty where there are none


@dataclass(frozen=True)
class Namesakes:
    """What is known of a name: the key that is the same for all ways to write it, and the authors it stands for."""

    key: str
    ids: tuple[int, ...]


@dataclass(frozen=True)
class References:
    """The authors that the books of one request name: `by_id` leads from each id to the author's, `by_name` from each
    name to those who bear it.
    """

    by_id: dict[int, int]
    by_name: dict[str, Namesakes]

    def id_of(self, contributor: Contributor) -> int | None:
        """The author's id; None where there is no author of the name yet."""
        if contributor.id:
            return self.by_id[contributor.id]
        ids = self.by_name[contributor.name or ""].ids
        return ids[0] if ids else None


def refer(session: Session, drafts: list[Draft], faults: Faults) -> None:
    """Look up the authors that books name: `Draft.references` becomes what is known of each id and name.

    A fault for an id that no author has, a name that several have, and an author who turns up twice in one role.
    """
    sent = [
        (draft, f"{draft.pointer}/authors/{index}", contributor)
        for draft in drafts
        for index, contributor in enumerate(draft.values.get("authors", ()))
    ]
    existing = _existing(session, {contributor.id for _, _, contributor in sent if contributor.id})
    found = _find(session, [contributor.name for _, _, contributor in sent if contributor.name])
    references = References(existing, found)
    seen: set[tuple[int, int | str, str]] = set()
    for draft, at, contributor in sent:
        draft.references = references
        if contributor.id and contributor.id not in existing:
            faults.add(f"{at}/id", "not_found", f"There is no author {contributor.id}.")
            continue
        namesakes = found[contributor.name] if contributor.name else Namesakes("", ())
        if len(namesakes.ids) > 1:
            named = ", ".join(map(str, namesakes.ids[:20]))
            detail = f"{len(namesakes.ids)} authors have this name: {named}. Name the one you mean by id."
            faults.add(f"{at}/name", "ambiguous", detail)
            continue
        author = references.id_of(contributor) or namesakes.key
        if (id(draft), author, contributor.role) in seen:
            who = f"Author {author}" if isinstance(author, int) else "An author of this name"
            faults.add(at, "duplicate", f"{who} stands before in the same role.")
        seen.add((id(draft), author, contributor.role))


def make_missing_authors(session: Session, drafts: list[Draft]) -> None:
    """Make an author for each name in the drafts that nobody has yet, and add them to `Draft.references`."""
    references: References | None = next((draft.references for draft in drafts if draft.references), None)
    missing = [name for name, namesakes in references.by_name.items() if not namesakes.ids] if references else []
    if not references or not missing:
        return
    # Whoever makes an author holds the lock of the name's key, so that two writes at once make one, however they write
    # it. The locks are taken in one order, so that two writes never wait for each other.
    for lock in sorted({crc32(references.by_name[name].key.encode()) % NAME_LOCKS for name in missing}):
        session.execute(select(func.pg_advisory_xact_lock(NAME_LOCK_SPACE, lock)))
    references.by_name.update(_find(session, missing))
    spelled: dict[str, str] = {}  # key → the name as it was written first
    for name in missing:
        if not references.by_name[name].ids:
            spelled.setdefault(references.by_name[name].key, name)
    made: dict[str, int] = {}
    names = list(spelled.values())
    for start in range(0, len(names), NAMES_AT_ONCE):
        new = [Draft(Author(), {"name": name}) for name in names[start : start + NAMES_AT_ONCE]]
        AUTHORS.save(session, new)
        made |= {references.by_name[draft.values["name"]].key: draft.record.id for draft in new}
    for name in missing:
        namesakes = references.by_name[name]
        references.by_name[name] = Namesakes(namesakes.key, namesakes.ids or (made[namesakes.key],))


# The triggers would add the names afterwards, which would be to write the whole row twice. The authors are locked
# against being renamed until the book is there, too.
NAMES_OF_NEW = Derived(
    "contributors",
    """(
        SELECT coalesce(string_agg(names_on_book(held.names, held.credited_as), '' ORDER BY held.place), '')
        FROM (
            SELECT authors.names, listed.credited_as, listed.place
            FROM unnest(new.author_ids, new.credited_as) WITH ORDINALITY AS listed(author_id, credited_as, place)
            JOIN authors ON authors.id = listed.author_id
            FOR SHARE OF authors
        ) AS held
    )""",
    (("author_ids", "bigint[]"), ("credited_as", "text[]")),
)


def members_of_new(draft: Draft) -> dict[str, Any]:
    """What the names of a new book's contributors are computed from."""
    sent = draft.values.get("authors", ())
    return {
        "author_ids": [draft.references.id_of(contributor) for contributor in sent],
        "credited_as": [contributor.credited_as for contributor in sent],
    }


def rows_to_insert(session: Session, draft: Draft, *, new: bool) -> list[dict[str, Any]]:
    """The rows that are still to be inserted so that a (flushed) book has the contributors of its draft; those that
    it had are deleted if they are others. A `new` book has none.
    """
    book = draft.record
    wanted = [
        (draft.references.id_of(contributor), contributor.role, contributor.credited_as)
        for contributor in draft.values["authors"]
    ]
    if not new:
        # Their order counts, not their positions: a contributor who was deleted leaves a gap.
        columns = (Contribution.author_id, Contribution.role, Contribution.credited_as)
        found = select(*columns).where(Contribution.book_id == book.id).order_by(Contribution.position)
        if [tuple(row) for row in session.execute(found)] == wanted:
            return []
        session.execute(delete(Contribution).where(Contribution.book_id == book.id))
        book.updated_at = func.clock_timestamp()
    return [
        {"book_id": book.id, "author_id": author_id, "role": role, "position": position, "credited_as": credited_as}
        for position, (author_id, role, credited_as) in enumerate(wanted)
    ]


def _existing(session: Session, ids: set[int]) -> dict[int, int]:
    """The authors of ids, the survivor for one who was merged; they are kept from being deleted, or merged, until the
    transaction ends.
    """
    found: dict[int, int] = {}
    survivors = {author_id: author_id for author_id in ids}
    while survivors:
        there = set(
            session.scalars(
                select(Author.id)
                .where(Author.id.in_(survivors.values()))
                .order_by(Author.id)
                .with_for_update(read=True, key_share=True)
            )
        )
        found |= {author_id: survivor for author_id, survivor in survivors.items() if survivor in there}
        # One who was merged before the lock was there has a survivor now, who may have been merged meanwhile.
        missing = [author_id for author_id, survivor in survivors.items() if survivor not in there]
        following = survivors_of(session, AUTHORS, missing)
        survivors = {old: survivor for old, survivor in following.items() if survivor != survivors[old]}
    return found


def _find(session: Session, names: Iterable[str]) -> dict[str, Namesakes]:
    """Whom each of the names stands for: the authors of exactly this name, or else those of the same key.

    In the order of the names.
    """
    exact: dict[str, list[int]] = {}
    alike: dict[str, list[int]] = {}
    keys: dict[str, str] = {}
    different = list(dict.fromkeys(names))
    for start in range(0, len(different), NAMES_AT_ONCE):
        part = different[start : start + NAMES_AT_ONCE]
        for row in _authors_of_names().run_within(session.connection(), {"names": part}):
            keys[row.wanted] = row.key
            if row.id is not None:
                (exact if row.name == row.wanted else alike).setdefault(row.wanted, []).append(row.id)
    return {name: Namesakes(keys[name], tuple(exact.get(name) or alike.get(name) or ())) for name in different}


@cache
def _authors_of_names() -> Statement:
    names = cast(bindparam("names"), ARRAY(Text))
    listed = func.unnest(names).table_valued("name").render_derived(name="listed")
    wanted = select(listed.c.name, identity_of(listed.c.name).label("key")).cte("wanted").prefix_with("MATERIALIZED")
    rows = select(wanted.c.name.label("wanted"), wanted.c.key, Author.id, Author.name)
    found = rows.select_from(wanted.outerjoin(Author, Author.identity == wanted.c.key)).order_by(Author.id)
    return compiled(found, prepared=True)
