"""Merges records into one, the survivor, and undoes merges.

Each request is one transaction. The survivor gets the values that it lacks; references to the merged records are moved
to it; their ids redirect to it. The data that undoes a merge is stored with the old id. Faults are checked in the same
order as in other writes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask import Response
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.core.records.insert import insert_rows
from app.core.records.redirects import merged_conflict, survivors_of
from app.core.records.validate import raise_faults
from app.core.resource import Resource
from app.http.problems import Conflict
from app.values.text import showable
from extensions.database import Retry

from .merging import MergedRow, Merging
from .records import change_record, lock_records, merges_of, now, read_records, require_survivor, respond
from .request import read_request


def merge(merging: Merging, survivor_id: int) -> Response:
    """Return the response to a POST of ids to merge into a record."""
    resource = merging.resource
    request = read_request(resource, survivor_id, needs_ids=True)
    ids = [survivor_id, *request.ids]
    moves = merging.shows_moved or not request.is_dry_run

    def work(session: Session) -> None:
        # A dry run of records that do not show what is moved leaves it alone: there may be very much of it.
        locked = merging.lock(session, survivor_id, request.ids, ()) if moves else set()
        lock_records(session, resource, ids)
        if moves and not merging.lock_rest(session, request.ids, locked):
            raise Retry
        records = read_records(session, resource, ids)
        require_survivor(session, resource, survivor_id, records)
        merged = survivors_of(session, resource, request.ids)
        for index, old_id in enumerate(request.ids):
            if old_id not in records and old_id not in merged:
                request.add_missing(index, f"There is no {resource.noun} {old_id}.")
        raise_faults(request.faults)
        for old_id, survivor in merged.items():
            raise merged_conflict(resource, old_id, survivor)
        _merge(session, merging, records[survivor_id], [records[old_id] for old_id in request.ids], moves=moves)

    return respond(resource, survivor_id, work, is_dry_run=request.is_dry_run)


def unmerge(merging: Merging, survivor_id: int) -> Response:
    """Return the response to a POST that undoes the latest merges into a record."""
    resource = merging.resource
    request = read_request(resource, survivor_id, needs_ids=False)

    def work(session: Session) -> None:
        moved = [row.undo["moved"] for row in _merges_into(session, resource, survivor_id)]
        merging.lock(session, survivor_id, [], moved)
        lock_records(session, resource, [survivor_id])
        merges = _merges_into(session, resource, survivor_id)  # once more, now that no other request merges
        if [row.undo["moved"] for row in merges] != moved:
            raise Retry
        require_survivor(session, resource, survivor_id, read_records(session, resource, [survivor_id]))
        merged = survivors_of(session, resource, request.ids)
        for index, old_id in enumerate(request.ids):
            if old_id not in merged:
                request.add_missing(index, f"There is no merged {resource.noun} {old_id}.")
        raise_faults(request.faults)
        for row in _latest(resource, survivor_id, merges, request.ids, merged):
            _undo(session, merging, survivor_id, row)

    return respond(resource, survivor_id, work, is_dry_run=request.is_dry_run)


def _merge(session: Session, merging: Merging, survivor: MergedRow, olds: list[MergedRow], *, moves: bool) -> None:
    """Merge locked records into the survivor, one after the other; unless it `moves`, the survivor alone changes."""
    resource, merges = merging.resource, merges_of(merging.resource)
    batch = session.scalar(
        select(func.coalesce(func.max(merges.c.batch), 0) + 1).where(merges.c.survivor_id == survivor["id"])
    )
    merged_at = now(session)
    for old in olds:
        changes = merging.unite(survivor, old)
        if not moves:
            survivor = {**survivor, **changes, "updated_at": merged_at}
            change_record(session, resource, survivor["id"], {**changes, "updated_at": merged_at})
            continue
        followers = session.scalars(
            update(merges)
            .where(merges.c.survivor_id == old["id"])
            .values(survivor_id=survivor["id"])
            .returning(merges.c.old_id)
        ).all()
        moved = merging.move(session, old["id"], survivor["id"], merged_at)
        session.execute(delete(resource.table).where(resource.table.c.id == old["id"]))
        changes["updated_at"] = merged_at
        undo = {
            "record": old,
            "before": {name: survivor[name] for name in changes},
            "after": changes,
            "followers": list(followers),
            "moved": moved,
        }
        survivor = {**survivor, **changes}
        change_record(session, resource, survivor["id"], changes)
        session.execute(
            insert(merges).values(
                old_id=old["id"], into_id=survivor["id"], survivor_id=survivor["id"], batch=batch, undo=undo
            )
        )


def _merges_into(session: Session, resource: Resource, survivor_id: int) -> Sequence[Row[Any]]:
    """Return the direct merges into a record, the latest first."""
    merges = merges_of(resource)
    into = select(merges).where(merges.c.survivor_id == survivor_id, merges.c.into_id == survivor_id)
    return session.execute(into.order_by(merges.c.place.desc())).all()


def _latest(
    resource: Resource, survivor_id: int, merges: Sequence[Row[Any]], ids: list[int], merged: dict[int, int]
) -> Sequence[Row[Any]]:
    """Return the merges to undo: those of `ids`, or of the latest request.

    Raises `Conflict` unless they are the latest ones, because each merge builds on those before it.
    """
    noun = resource.noun
    if not merges:
        raise Conflict(f"No {noun} is merged into {noun} {survivor_id}, so there is nothing to undo.")
    if not ids:
        return [row for row in merges if row.batch == merges[0].batch]
    direct = {row.old_id for row in merges}
    for old_id in ids:
        if old_id not in direct and merged[old_id] == survivor_id:
            raise Conflict(
                f"The {noun} {old_id} was merged into another {noun}, which was later merged into {noun} "
                f"{survivor_id}. Undo the later merge first."
            )
        if old_id not in direct:
            raise merged_conflict(resource, old_id, merged[old_id])
    wanted = merges[: len(ids)]
    for row in wanted:
        if row.old_id not in ids:
            raise Conflict(
                f"The {noun} {row.old_id} was merged into {noun} {survivor_id} later. Undo that merge first."
            )
    return wanted


def _undo(session: Session, merging: Merging, survivor_id: int, row: Row[Any]) -> None:
    """Undo one merge. Raises `Conflict` if a later change prevents it."""
    resource, merges, undo = merging.resource, merges_of(merging.resource), row.undo
    survivor = read_records(session, resource, [survivor_id])[survivor_id]
    before, after = dict(undo["before"]), dict(undo["after"])
    merged_at = after.pop("updated_at")
    for name, value in after.items():
        if survivor[name] != value:
            merged = showable(json.dumps(value, ensure_ascii=False))
            raise Conflict(
                f"The merge of {resource.noun} {row.old_id} cannot be undone: "
                f"{name} of {resource.noun} {survivor_id} has changed since. Set it to {merged} first."
            )
    if survivor["updated_at"] != merged_at:  # another field was changed later, and keeps its new value
        before["updated_at"] = now(session)
    change_record(session, resource, survivor_id, before)
    merging.refuse(session, undo["record"])
    insert_rows(session, resource.table, [undo["record"]])
    merging.restore(session, row.old_id, survivor_id, merged_at, undo["moved"])
    session.execute(update(merges).where(merges.c.old_id.in_(undo["followers"])).values(survivor_id=row.old_id))
    session.execute(delete(merges).where(merges.c.old_id == row.old_id))
