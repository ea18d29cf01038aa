"""The preparer of `import --restore`, which keeps records unchanged."""

from __future__ import annotations

from typing import Any

from schema import SchemaError

from app.core.fields import Faults, Timestamp
from app.core.records.validate import validate_new
from app.core.resource import Resource
from app.transfer.records import (
    RESOURCES,
    Outcome,
    Prepared,
    PreparedContributor,
    RawRecord,
    Rejected,
    RejectReason,
    SourceKey,
)
from app.values.text import showable

from .builder import MAX_EXCERPT

_SET_BY_SERVICE = ("id", "created_at", "updated_at")


class Restorer:
    """Turns exported records into outcomes without cleaning.

    The records are complete, with ids and timestamps. Contributors have the key ``SourceKey("id", …)``: the
    author's id in the catalog.
    """

    def prepare(self, record: RawRecord) -> Outcome:
        """Return the outcome of a raw record whose fields are a complete representation."""
        faults = Faults()
        resource = RESOURCES[record.kind]
        restored = {name: _read_set_value(resource, name, record.fields.get(name), faults) for name in _SET_BY_SERVICE}
        body = {name: value for name, value in record.fields.items() if name not in _SET_BY_SERVICE}
        values = validate_new(resource, body, "", faults)
        contributors = _contributors(body, values.pop("authors", ()), faults)
        if faults:
            reasons = [
                RejectReason(fault.name[1:], _excerpt(record.fields, fault.name), str(fault.detail)) for fault in faults
            ]
            return Rejected(record.number, record.original, reasons, record.rows)
        return Prepared(
            record.number,
            record.kind,
            values,
            record.original,
            contributors=contributors,
            restored=restored,
            rows=record.rows,
        )


def _contributors(body: dict[str, Any], validated: Any, faults: Faults) -> list[PreparedContributor]:
    """Return the validated contributors of a book, with their names."""
    authors = body.get("authors")
    contributors = []
    for sent, contributor in zip(authors if isinstance(authors, list) else [], validated, strict=False):
        if contributor.id is None:
            faults.add("/authors", "required", "Each author needs an id, because the record is restored.")
        else:
            key = SourceKey("id", str(contributor.id))
            contributors.append(PreparedContributor(sent.get("name"), contributor.role, key, contributor.credited_as))
    return contributors


def _read_set_value(resource: Resource, name: str, value: Any, faults: Faults) -> Any:
    """Validate a value that the service sets for new records."""
    type_ = resource.fields[name].type
    if value is None:
        faults.add(f"/{name}", "required", f"{name} is required to restore the record.")
        return None
    if isinstance(type_, Timestamp):
        try:
            if isinstance(value, str) and type_.parse(value, "eq"):
                return value
        except SchemaError:
            pass
        faults.add(f"/{name}", "invalid", "This must be a timestamp (RFC 3339).")
        return None
    return type_.read(value, f"/{name}", faults)


def _excerpt(fields: dict[str, Any], pointer: str) -> str:
    value = fields.get(pointer[1:].partition("/")[0])
    return showable(value if isinstance(value, str) else "" if value is None else repr(value), MAX_EXCERPT)
