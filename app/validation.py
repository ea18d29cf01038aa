"""The walk over a body's members, which finds every fault; what a single value may be is said by its kind."""

from __future__ import annotations

from typing import Any

from .fields import Field
from .problems import MOST_ERRORS, ValidationFailed, unknown_name
from .resource import Resource
from .vocabulary import Faults, Json, escape, json_type


def created(resource: Resource, body: Json, pointer: str, faults: Faults) -> dict[str, Any]:
    """The values of a new record: every writable field, what was left out as unknown or empty."""
    if not _is_object(body, pointer, faults):
        return {}
    for name in body:
        if name in resource.fields and resource.fields[name].read_only:
            faults.add(f"{pointer}/{name}", "read_only", f"{name} is set by the service; leave it out.")
    return _complete(resource, body, pointer, faults)


def replaced(resource: Resource, body: Json, record_id: int | None, faults: Faults) -> dict[str, Any]:
    """The values that replace a record's: every writable field, what was left out as unknown or empty."""
    if not _is_object(body, "", faults):
        return {}
    _same_id(body, record_id, faults)
    return _complete(resource, body, "", faults)


def patched(resource: Resource, body: Json, current: dict[str, Json], faults: Faults) -> dict[str, Any]:
    """The values that a JSON Merge Patch (RFC 7396) changes in the representation `current`."""
    if not _is_object(body, "", faults):
        return {}
    _refuse_unknown(resource, body, "", faults)
    _same_id(body, current["id"], faults)
    values = {}
    for name, field in _writable(resource).items():
        if name in body:
            values[name] = _read(field, _merge(current[name], body[name]), f"/{name}", faults)
    return values


def raise_faults(faults: Faults) -> None:
    """Raise `ValidationFailed` if there are faults."""
    if faults:
        raise ValidationFailed(f"{faults[0].name or 'The body'}: {faults[0].detail}", faults)


def _complete(resource: Resource, body: dict[str, Json], pointer: str, faults: Faults) -> dict[str, Any]:
    _refuse_unknown(resource, body, pointer, faults)
    return {
        name: _read(field, body.get(name), f"{pointer}/{name}", faults) for name, field in _writable(resource).items()
    }


def _read(field: Field, value: Json, pointer: str, faults: Faults) -> Any:
    if value is not None:
        return field.kind.read(value, pointer, faults)
    if field.required:
        faults.add(pointer, "required", f"{field.name} is required and cannot be null.")
    return field.kind.empty


def _merge(target: Json, patch: Json) -> Json:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def _writable(resource: Resource) -> dict[str, Field]:
    return {name: field for name, field in resource.fields.items() if not field.read_only}


def _is_object(body: Json, pointer: str, faults: Faults) -> bool:
    if not isinstance(body, dict):
        faults.add(pointer, "type", f"This must be an object, not {json_type(body)}.")
    return isinstance(body, dict)


def _refuse_unknown(resource: Resource, body: dict[str, Json], pointer: str, faults: Faults) -> None:
    allowed = list(_writable(resource))
    for name in body:
        if name not in resource.fields:
            # To find the nearest name takes a while, and nobody is shown more than so many.
            shown = len(faults) < MOST_ERRORS
            detail = unknown_name(name, allowed, "field") if shown else "There is no such field."
            faults.add(f"{pointer}/{escape(name)}", "unknown", detail)


def _same_id(body: dict[str, Json], record_id: int | None, faults: Faults) -> None:
    """A representation that was read may be sent back, but not to another address."""
    sent = body.get("id")
    if sent is not None and record_id is not None and (type(sent) is not int or sent != record_id):
        faults.add("/id", "mismatch", f"This is the record {record_id}; leave id out, or send {record_id}.")
