"""The way of a merge, and of its undoing: records that are one and the same become one, in one transaction.

The survivor takes what the others know and it does not; what refers to them is moved to it; their ids lead to it from
then on. What it takes to undo that is kept beside the old id. Faults are judged in the order of every write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response
from sqlalchemy import Row, Table, delete, func, insert, literal_column, select, update
from sqlalchemy.orm import Session

from extensions.database import transaction

from . import bodies, insertion, query, responses, survivors, validation
from .addresses import parameters
from .fields import fields_of
from .preconditions import etag, require_precondition
from .problems import Conflict, Fault, InvalidQuery, NotFound, unknown_name
from .resource import Resource
from .vocabulary import Faults, Id, Identifiers, Json, Lines, escape, items_of, json_type
from .writing import representation

MOST_AT_ONCE = 100
DRY_RUN = "dry_run"
FROM = "from"
PARAMETER = {
    "name": DRY_RUN,
    "in": "query",
    "description": "`true` shows the result and changes nothing",
    "schema": {"type": "string", "enum": ["true", "false"], "examples": ["true"]},
}

Record = dict[str, Any]  # a row of the table: its fields by name, as JSON


@dataclass(frozen=True)
class Merging:
    """How the records of a resource are merged.

    `unite` takes the survivor and the old record, and returns what changes in the survivor; it raises `Conflict` where
    that is more than a record may hold. `move` moves what refers to the old record (session, old id, survivor's id, the
    moment that is written as that of the change), and returns what `restore` (the same arguments, and that) needs to
    move it back, or to raise `Conflict`. `lock` locks what has to be locked before the records: what belongs to those
    ids, and what `move` returned when that is undone. `refuse` raises
    `Conflict` where an old record cannot be stored any more.
    """

    resource: Resource
    unite: Callable[[Record, Record], Record]
    move: Callable[[Session, int, int, str], Json]
    restore: Callable[[Session, int, int, str, Json], None]
    lock: Callable[[Session, Sequence[int], Sequence[Json]], None]
    refuse: Callable[[Session, Record], None]


class _DryRun(Exception):
    """Ends a transaction that must leave nothing behind; bears the text of the answer."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def merge(merging: Merging, survivor_id: int) -> Response:
    """The answer to a POST of ids to merge into a record: its representation afterwards."""
    dry, body = _begin(body_required=True)
    faults = Faults()
    ids = _ids(merging.resource, body, survivor_id, faults, required=True)

    def work(session: Session) -> str:
        merging.lock(session, [survivor_id, *ids], ())
        _lock(session, merging.resource, [survivor_id, *ids])
        merging.lock(session, [survivor_id, *ids], ())  # what came to them before they were locked
        records = _records(session, merging.resource, [survivor_id, *ids])
        _require(session, merging.resource, survivor_id, records)
        old = survivors.survivors_of(session, merging.resource, ids)
        for place, old_id in enumerate(ids):
            if old_id not in records and old_id not in old:
                faults.add(f"/{FROM}/{place}", "not_found", f"There is no {merging.resource.noun} {old_id}.")
        validation.raise_faults(faults)
        for old_id, survivor in old.items():
            raise survivors.is_merged(merging.resource, old_id, survivor)
        _merge(session, merging, records[survivor_id], [records[old_id] for old_id in ids])
        return _outcome(session, merging.resource, survivor_id, dry=dry)

    return _answer(work)


def unmerge(merging: Merging, survivor_id: int) -> Response:
    """The answer to a POST that undoes merges into a record, the latest ones: its representation afterwards."""
    dry, body = _begin(body_required=False)
    faults = Faults()
    ids = _ids(merging.resource, body, survivor_id, faults, required=False)

    def work(session: Session) -> str:
        planned = _merges_into(session, merging.resource, survivor_id)
        merging.lock(session, [survivor_id], [row.undo["moved"] for row in planned])
        _lock(session, merging.resource, [survivor_id])
        merges = _merges_into(session, merging.resource, survivor_id)
        merging.lock(session, [survivor_id], [row.undo["moved"] for row in merges])
        _require(session, merging.resource, survivor_id, _records(session, merging.resource, [survivor_id]))
        known = survivors.survivors_of(session, merging.resource, ids)
        for place, old_id in enumerate(ids):
            if old_id not in known:
                detail = f"There was no {merging.resource.noun} {old_id} that was merged."
                faults.add(f"/{FROM}/{place}", "not_found", detail)
        validation.raise_faults(faults)
        for row in _latest(merging.resource, survivor_id, merges, ids, known):
            _undo(session, merging, survivor_id, row)
        return _outcome(session, merging.resource, survivor_id, dry=dry)

    return _answer(work)


def united(resource: Resource, survivor: Record, old: Record) -> Record:
    """What changes in the survivor when it takes what the old record knows and it does not: lists and identifiers are
    united, what is unknown is filled. Raises `Conflict` where a list gets too long.
    """
    changes: Record = {}
    for name, field in fields_of(resource.model).items():
        mine, other = survivor[name], old[name]
        if field.read_only or not other:
            continue
        if isinstance(field.kind, Lines):
            value: Any = distinct(resource, name, [*mine, *other], field.kind.most)
        elif isinstance(field.kind, Identifiers):
            schemes = distinct(resource, name, [*mine, *other], field.kind.MOST)
            value = {
                scheme: distinct(
                    resource, f"{name}.{scheme}", [*mine.get(scheme, ()), *other.get(scheme, ())], field.kind.MOST
                )
                for scheme in schemes
            }
        else:
            value = other if mine is None else mine
        if value != mine:
            changes[name] = value
    return changes


def distinct(resource: Resource, name: str, values: Sequence[str], most: int) -> list[str]:
    """The values without those that stand twice; raises `Conflict` where they are more than `most`."""
    found = list(dict.fromkeys(values))
    if len(found) > most:
        raise Conflict(
            f"Together the {resource.name} would have {len(found):,} {name}; {most:,} are allowed. "
            f"Take some away before you merge them.",
        )
    return found


def _begin(*, body_required: bool) -> tuple[bool, Json]:
    """Whether the request is a dry run, and its body; one that may be left out is an empty object then."""
    choice = query.parse_only(parameters(), (DRY_RUN,)).get(DRY_RUN, "false")
    if choice not in ("true", "false"):
        detail = f"{DRY_RUN} takes true or false."
        raise InvalidQuery(detail, [Fault("query", DRY_RUN, "not_allowed", detail)])
    responses.require_acceptable()
    return choice == "true", bodies.read() if body_required or bodies.is_there() else {}


def _ids(resource: Resource, body: Json, survivor_id: int, faults: Faults, *, required: bool) -> list[int]:
    """The ids that a body names as `from`; those that may be left out are none."""
    if not isinstance(body, dict):
        faults.add("", "type", f"This must be an object, not {json_type(body)}.")
        return []
    for name in body:
        if name != FROM:
            faults.add(f"/{escape(name)}", "unknown", unknown_name(name, (FROM,), "member"))
    if body.get(FROM) is None:
        if required:
            faults.add(f"/{FROM}", "required", f"{FROM} is required: the ids of those to merge into this one.")
        return []
    found: list[int] = []
    before = len(faults)
    for _, at, item in items_of(body[FROM], MOST_AT_ONCE, f"/{FROM}", faults):
        known = len(faults)
        read = Id().read(item, at, faults)
        if len(faults) > known:
            continue
        if read == survivor_id:
            faults.add(at, "mismatch", f"This is the {resource.noun} {survivor_id} itself.")
        elif read in found:
            faults.add(at, "duplicate", f"The item at index {found.index(read)} is the same.")
        found.append(read)
    if not found and len(faults) == before:
        faults.add(f"/{FROM}", "too_few", f"{FROM} needs at least one id.")
    return found if len(faults) == before else []


def _lock(session: Session, resource: Resource, ids: Sequence[int]) -> None:
    """Lock records until the end of the transaction, in one order, so that two merges never wait for each other."""
    table = resource.table
    session.execute(select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update())


def _require(session: Session, resource: Resource, survivor_id: int, records: dict[int, Record]) -> None:
    """Raise what must be raised of a record that is not there, or is not the one that the request means."""
    if survivor_id not in records:
        survivors.refuse_old(session, resource, survivor_id)
        raise NotFound(f"There is no {resource.noun} {survivor_id}.")
    require_precondition(etag(representation(session, resource, survivor_id).encode()))


def _records(session: Session, resource: Resource, ids: Sequence[int]) -> dict[int, Record]:
    """The records of ids, by id."""
    columns = [resource.table.c[name] for name in fields_of(resource.model)]
    rows = select(*columns).where(resource.table.c.id.in_(ids)).subquery("record")
    texts = session.scalars(select(func.row_to_json(literal_column("record"))).select_from(rows))
    return {record["id"]: record for record in texts}


def _merge(session: Session, merging: Merging, survivor: Record, olds: list[Record]) -> None:
    """Merge records, all locked, into the survivor, one after the other."""
    resource, merges = merging.resource, _merges(merging.resource)
    batch = session.scalar(
        select(func.coalesce(func.max(merges.c.batch), 0) + 1).where(merges.c.survivor_id == survivor["id"])
    )
    moment = _now(session)
    for old in olds:
        changes = merging.unite(survivor, old)
        followers = session.scalars(
            update(merges)
            .where(merges.c.survivor_id == old["id"])
            .values(survivor_id=survivor["id"])
            .returning(merges.c.old_id)
        ).all()
        moved = merging.move(session, old["id"], survivor["id"], moment)
        session.execute(delete(resource.table).where(resource.table.c.id == old["id"]))
        changes["updated_at"] = moment
        undo = {
            "record": old,
            "before": {name: survivor[name] for name in changes},
            "after": changes,
            "followers": list(followers),
            "moved": moved,
        }
        survivor = {**survivor, **changes}
        _change(session, resource, survivor["id"], changes)
        session.execute(
            insert(merges).values(
                old_id=old["id"], into_id=survivor["id"], survivor_id=survivor["id"], batch=batch, undo=undo
            )
        )


def _merges_into(session: Session, resource: Resource, survivor_id: int) -> Sequence[Row[Any]]:
    """What was merged into a record itself, the latest first."""
    merges = _merges(resource)
    into = select(merges).where(merges.c.survivor_id == survivor_id, merges.c.into_id == survivor_id)
    return session.execute(into.order_by(merges.c.place.desc())).all()


def _latest(
    resource: Resource, survivor_id: int, merges: Sequence[Row[Any]], ids: list[int], known: dict[int, int]
) -> Sequence[Row[Any]]:
    """The merges to undo: those of `ids`, or of the latest request. Raises `Conflict` unless they are the latest ones,
    since each was made on top of those before it.
    """
    noun = resource.noun
    if not merges:
        raise Conflict(f"Nothing is merged into {noun} {survivor_id}.")
    if not ids:
        return [row for row in merges if row.batch == merges[0].batch]
    into = {row.old_id for row in merges}
    for old_id in ids:
        if old_id not in into and known[old_id] == survivor_id:
            raise Conflict(
                f"The {noun} {old_id} was merged into another {noun}, and that into {noun} {survivor_id} later: "
                "undo that first."
            )
        if old_id not in into:
            raise survivors.is_merged(resource, old_id, known[old_id])
    wanted = merges[: len(ids)]
    for row in wanted:
        if row.old_id not in ids:
            raise Conflict(f"The {noun} {row.old_id} was merged into {noun} {survivor_id} later: undo that first.")
    return wanted


def _undo(session: Session, merging: Merging, survivor_id: int, row: Row[Any]) -> None:
    """Undo one merge: all is as it was, or it raises `Conflict`."""
    resource, merges, undo = merging.resource, _merges(merging.resource), row.undo
    survivor = _records(session, resource, [survivor_id])[survivor_id]
    before, after = dict(undo["before"]), dict(undo["after"])
    moment = after.pop("updated_at")
    for name, value in after.items():
        if survivor[name] != value:
            raise Conflict(
                f"The merge of {resource.noun} {row.old_id} cannot be undone: "
                f"{name} of {resource.noun} {survivor_id} was changed since."
            )
    if survivor["updated_at"] != moment:  # by a later change of something else, which stays
        before["updated_at"] = _now(session)
    _change(session, resource, survivor_id, before)
    merging.refuse(session, undo["record"])
    insertion.insert(session, resource.table, [undo["record"]])
    merging.restore(session, row.old_id, survivor_id, moment, undo["moved"])
    session.execute(update(merges).where(merges.c.old_id.in_(undo["followers"])).values(survivor_id=row.old_id))
    session.execute(delete(merges).where(merges.c.old_id == row.old_id))


def _change(session: Session, resource: Resource, record_id: int, values: Record) -> None:
    session.execute(update(resource.table).where(resource.table.c.id == record_id).values(values))


def _now(session: Session) -> str:
    """The present moment as JSON has it."""
    return str(session.scalar(select(func.to_json(func.clock_timestamp()))))


def _merges(resource: Resource) -> Table:
    assert resource.merges is not None
    return resource.merges


def _outcome(session: Session, resource: Resource, survivor_id: int, *, dry: bool) -> str:
    session.flush()
    text = representation(session, resource, survivor_id)
    if dry:
        raise _DryRun(text)
    return text


def _answer(work: Callable[[Session], str]) -> Response:
    """The survivor after the work; of a dry run, which nobody else ever sees, without an ETag."""
    try:
        return responses.written(transaction(work, long=True), HTTPStatus.OK)
    except _DryRun as dry:
        return responses.written(dry.text, HTTPStatus.OK, tagged=False)
