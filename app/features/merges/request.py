"""The request of a merge: ids, and whether it is a dry run."""

from __future__ import annotations

from typing import NamedTuple

from app.core.fields import Faults, Id, items_of
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_dry_run
from app.core.resource import Resource
from app.http.body import has_body, read_json
from app.http.headers.negotiation import require_acceptable
from app.http.problems import unknown_name
from app.values.json_value import Json, escape, json_type

MERGED_MOST = 100  # records at once
FROM = "from"


class MergeRequest(NamedTuple):
    """The parsed request."""

    ids: list[int]  # empty, if the request to undo has none
    is_dry_run: bool
    faults: Faults  # the faults in the body so far

    def add_missing(self, index: int, detail: str) -> None:
        """Add the fault that there is no record of the id at an index."""
        self.faults.add(f"/{FROM}/{index}", "not_found", detail)


def read_request(resource: Resource, survivor_id: int, *, needs_ids: bool) -> MergeRequest:
    """Return the current request, with the faults of its body.

    Raises all other problems. Unless it `needs_ids`, the body may be left out.
    """
    is_dry_run = parse_dry_run(request_pairs())
    require_acceptable()
    body = read_json() if needs_ids or has_body() else {}
    faults = Faults()
    ids = _ids(resource, body, survivor_id, faults, needs_ids=needs_ids)
    return MergeRequest(ids, is_dry_run, faults)


def _ids(resource: Resource, body: Json, survivor_id: int, faults: Faults, *, needs_ids: bool) -> list[int]:
    if not isinstance(body, dict):
        faults.add("", "type", f"This must be an object, not {json_type(body)}.")
        return []
    for name in body:
        if faults.is_full:
            break
        if name != FROM:
            faults.add(f"/{escape(name)}", "unknown", unknown_name(name, (FROM,), "member"))
    if body.get(FROM) is None:
        if needs_ids:
            faults.add(
                f"/{FROM}", "required", f"{FROM} is required: send the ids of the records to merge into this one."
            )
        return []
    ids: list[int] = []
    faults_before = len(faults)
    for _, pointer, item in items_of(body[FROM], MERGED_MOST, f"/{FROM}", faults):
        faults_before_item = len(faults)
        record_id = Id().read(item, pointer, faults)
        if len(faults) > faults_before_item:
            continue
        if record_id == survivor_id:
            faults.add(pointer, "mismatch", f"This is the id of the {resource.noun} to merge into. Leave it out.")
        elif record_id in ids:
            faults.add(
                pointer, "duplicate", f"The item at index {ids.index(record_id)} is the same. Remove one of them."
            )
        ids.append(record_id)
    if not ids and len(faults) == faults_before:
        faults.add(f"/{FROM}", "too_few", f"{FROM} needs at least one id.")
    return ids if len(faults) == faults_before else []
