"""Stores former values in a record. A deleted one is created again under its id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.fields import Faults
from app.core.records import write
from app.core.records.validate import raise_faults, validate_members
from app.core.resource import Draft
from app.http.problems import Conflict, Fault, ValidationFailed
from app.http.urls import link
from app.values.json_value import Json

from .past import Past, Run, State

_ID_OF_CONTRIBUTOR = re.compile(r"/authors/([0-9]+)/id")


@dataclass(frozen=True)
class Target:
    """The locked record that a request restores, in its transaction."""

    session: Session
    run: Run
    past: Past
    record: Any | None  # None if it was deleted
    text: str | None  # the text of its representation


def store(target: Target, wanted: State, created_at: Json) -> str:
    """Store the `wanted` values of the record, and return the text of its representation.

    A deleted record is created again under its id, with `created_at`. The JSON Pointers of all faults are those of the
    record's fields. Raises `ValidationFailed` if values are no longer valid, and `Conflict` if an ISBN is taken, or
    contributors no longer exist.
    """
    session, resource, record_id = target.session, target.past.resource, target.past.record_id
    faults = Faults()
    values = validate_members({name: resource.fields[name] for name in wanted}, wanted, faults)
    raise_faults(faults)
    if target.record is None:
        draft = Draft(resource.model(), {**values, "id": record_id, "created_at": created_at})
    else:
        draft = Draft(target.record, dict(values))
    try:
        write.save(session, resource, [draft], Faults())
    except ValidationFailed as problem:
        raise _missing_references(problem, wanted) from None
    if target.record is not None:
        _set_exactly(target, values)
    return write.representation(session, resource, record_id)


def _set_exactly(target: Target, values: dict[str, Any]) -> None:
    """Set the columns that the resource has derived from other fields, such as a sort name."""
    for name, value in values.items():
        if name in target.past.resource.table.c and getattr(target.record, name) != value:
            setattr(target.record, name, value)
    target.session.flush()


def _missing_references(problem: ValidationFailed, wanted: State) -> Conflict:
    """Return the problem of contributors that were deleted since, or merged into one."""
    faults = []
    for fault in problem.faults:
        match = _ID_OF_CONTRIBUTOR.fullmatch(fault.name)
        detail = fault.detail
        if match and fault.code == "not_found":
            author_id = wanted["authors"][int(match[1])]["id"]
            url = link(f"/authors/{author_id}/restore")
            detail = (
                f"The author {author_id} was deleted since. Restore it first: undo the deletion in "
                f"{link(f'/authors/{author_id}/changes')} with a POST to {url}."
            )
        faults.append(Fault("body", fault.name, fault.code, detail))
    return Conflict(faults[0].detail, faults)
