"""The request of a restoration: a version to restore, or a change to undo."""

from __future__ import annotations

from typing import NamedTuple

from app.core.fields import Faults, Field, Id
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_dry_run
from app.core.records.validate import validate_members
from app.http.body import read_json
from app.http.headers.negotiation import require_acceptable

VERSION, UNDO = "version", "undo"
MEMBERS = {
    VERSION: Field(Id(), "The position of the change whose version of the record is restored", 17, name=VERSION),
    UNDO: Field(Id(), "The position of the change of the record that is undone", 17, name=UNDO),
}


class RestoreRequest(NamedTuple):
    """The parsed request."""

    member: str  # of the body: `VERSION` or `UNDO`
    position: int | None  # None if the body is invalid
    is_dry_run: bool
    faults: Faults  # in the body

    @property
    def is_undo(self) -> bool:
        return self.member == UNDO


def read_request() -> RestoreRequest:
    """Return the current request, with the faults of its body. Raises all other problems."""
    is_dry_run = parse_dry_run(request_pairs())
    require_acceptable()
    faults = Faults()
    values = validate_members(MEMBERS, read_json(), faults)
    sent = [name for name in MEMBERS if values.get(name) is not None]
    if len(sent) > 1:
        faults.add(f"/{UNDO}", "mismatch", f"The body has {VERSION} and {UNDO}; send only one of them.")
    if not sent and not faults:
        detail = f"Send {VERSION} to restore the state after a change, or {UNDO} to undo a change, with its position."
        faults.add("", "required", detail)
    member = sent[0] if sent else VERSION
    return RestoreRequest(member, None if faults else values[member], is_dry_run, faults)
