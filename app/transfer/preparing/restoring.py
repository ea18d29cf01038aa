"""Records of our own that are to be exactly what they were (`import --restore`)."""

from __future__ import annotations

from typing import Any

from schema import SchemaError

from app import validation
from app.resource import Resource
from app.transfer.records import RESOURCES, Contributor, Flaw, Key, Outcome, Prepared, Rejected, Row
from app.values.text import showable
from app.vocabulary import Faults, Timestamp

from .draft import LONGEST_SHOWN


class Restoring:
    """Makes outcomes of our own records that are to be exactly what they were: nothing is mended.

    `values` are whole, and contributors have the key ``Key("id", …)``: the author's id in the catalog.
    """

    def __call__(self, row: Row) -> Outcome:
        """The outcome of a row whose fields are a whole representation, ids and timestamps among them."""
        faults = Faults()
        resource = RESOURCES[row.kind]
        restored = {name: self._read(resource, name, row.fields.get(name), faults) for name in _SET_BY_SERVICE}
        body = {name: value for name, value in row.fields.items() if name not in _SET_BY_SERVICE}
        values = validation.created(resource, body, "", faults)
        contributors = []
        authors = body.get("authors")
        named = authors if isinstance(authors, list) else []
        for sent, read in zip(named, values.pop("authors", ()), strict=False):
            if read.id is None:
                faults.add("/authors", "required", "A record that is restored names its authors by id.")
            else:
                contributors.append(Contributor(sent.get("name"), read.role, Key("id", str(read.id)), read.credited_as))
        if faults:
            flaws = [Flaw(fault.name[1:], _shown(row.fields, fault.name), str(fault.detail)) for fault in faults]
            return Rejected(row.place, row.original, flaws, row.rows)
        return Prepared(
            row.place, row.kind, values, row.original, contributors=contributors, restored=restored, rows=row.rows
        )

    def _read(self, resource: Resource, name: str, value: Any, faults: Faults) -> Any:
        kind = resource.fields[name].kind
        if value is None:
            faults.add(f"/{name}", "required", f"{name} is required: without it the record cannot be restored.")
            return None
        if isinstance(kind, Timestamp):
            try:
                if isinstance(value, str) and kind.parse(value, "eq"):
                    return value
            except SchemaError:
                pass
            faults.add(f"/{name}", "invalid", "This must be a timestamp (RFC 3339).")
            return None
        return kind.read(value, f"/{name}", faults)


_SET_BY_SERVICE = ("id", "created_at", "updated_at")


def _shown(fields: dict[str, Any], pointer: str) -> str:
    value = fields.get(pointer[1:].partition("/")[0])
    return showable(value if isinstance(value, str) else "" if value is None else repr(value), LONGEST_SHOWN)
