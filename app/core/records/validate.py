"""Validates request bodies and collects every fault; each field's type validates its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.core.fields import Faults, Field
from app.core.resource import Resource
from app.http.problems import MOST_ERRORS, ValidationFailed, unknown_name
from app.values.json_value import Json, escape, json_type


def validate_new(resource: Resource, body: Json, pointer: str, faults: Faults) -> dict[str, Any]:
    """Return the values of a new record: every writable field.

    A field that the body leaves out is unknown or empty.
    """
    if not _is_object(body, pointer, faults):
        return {}
    for name, field in resource.fields.items():
        if field.read_only and name in body:
            faults.add(f"{pointer}/{name}", "read_only", f"{name} is set by the service; leave it out.")
    _refuse_unknown(resource, body, pointer, faults)
    return _all_values(resource.inputs, body, pointer, faults)


def validate_members(fields: Mapping[str, Field], body: Json, faults: Faults) -> dict[str, Any]:
    """Return the values of the members of a body that is not a record: every one of the `fields`, by name.

    A field that the body leaves out is unknown or empty.
    """
    if not _is_object(body, "", faults):
        return {}
    _refuse_others(fields, list(fields), body, "", faults)
    return _all_values(fields, body, "", faults)


def validate_replacement(resource: Resource, body: Json, record_id: int | None, faults: Faults) -> dict[str, Any]:
    """Return the values that replace those of a record: every writable field."""
    if not _is_object(body, "", faults):
        return {}
    require_same_id(body, record_id, faults)
    _refuse_unknown(resource, body, "", faults)
    return _all_values(resource.inputs, body, "", faults)


def validate_patch(resource: Resource, body: Json, record_id: int, faults: Faults) -> dict[str, Any]:
    """Return the values that a JSON Merge Patch (RFC 7396) changes, but those of `merge_objects`."""
    if not _is_object(body, "", faults):
        return {}
    _refuse_unknown(resource, body, "", faults)
    require_same_id(body, record_id, faults)
    return {
        name: _value(field, body[name], f"/{name}", faults)
        for name, field in resource.inputs.items()
        if name in body and not isinstance(body[name], dict)
    }


def merge_objects(resource: Resource, body: Json, current: dict[str, Json], faults: Faults) -> dict[str, Any]:
    """Return the values of the members of a valid patch that change a part of those in `current`."""
    return {
        name: _value(field, _merge(current.get(name), body[name]), f"/{name}", faults)
        for name, field in resource.inputs.items()
        if isinstance(body, dict) and isinstance(body.get(name), dict)
    }


def raise_faults(faults: Faults) -> None:
    """Raise `ValidationFailed` if there are faults."""
    if faults:
        raise ValidationFailed.from_faults(faults)


def _all_values(fields: Mapping[str, Field], body: dict[str, Json], pointer: str, faults: Faults) -> dict[str, Any]:
    return {name: _value(field, body.get(name), f"{pointer}/{name}", faults) for name, field in fields.items()}


def _value(field: Field, value: Json, pointer: str, faults: Faults) -> Any:
    if value is None:
        if field.required:
            faults.add(pointer, "required", _blank_detail(field))
        return field.type.empty
    faults_before = len(faults)
    result = field.type.read(value, pointer, faults)
    # A string has at most one fault.
    if len(faults) > faults_before and isinstance(value, str) and (faults[-1].code == "blank" or not value.strip(" ")):
        faults[-1] = replace(faults[-1], detail=_blank_detail(field))
    return result


def _blank_detail(field: Field) -> str:
    """Return the sentence about a field without a value."""
    if field.required:
        return f"{field.name} is required; send a value."
    return f"{field.name} is blank; send a value or null, or leave it out."


def _merge(target: Json, patch: Json) -> Json:
    """Return `target` with a patch applied (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def _is_object(body: Json, pointer: str, faults: Faults) -> bool:
    if not isinstance(body, dict):
        faults.add(pointer, "type", f"This must be an object, not {json_type(body)}.")
    return isinstance(body, dict)


def _refuse_unknown(resource: Resource, body: dict[str, Json], pointer: str, faults: Faults) -> None:
    _refuse_others({**resource.fields, **resource.inputs}, list(resource.inputs), body, pointer, faults)


def _refuse_others(
    known: Mapping[str, Field], allowed: list[str], body: dict[str, Json], pointer: str, faults: Faults
) -> None:
    for name in body:
        if faults.is_full:
            return
        if name not in known:
            # The search for the nearest name is slow, and no response shows more faults than these.
            is_shown = len(faults) < MOST_ERRORS
            detail = unknown_name(name, allowed, "field") if is_shown else "There is no such field."
            faults.add(f"{pointer}/{escape(name)}", "unknown", detail)


def require_same_id(body: Json, record_id: int | None, faults: Faults) -> None:
    """Add a fault if the body has another id.

    Clients may send back what they read, but not to another URL.
    """
    sent = body.get("id") if isinstance(body, dict) else None
    if sent is not None and record_id is not None and (type(sent) is not int or sent != record_id):
        faults.add("/id", "mismatch", f"The URL is of the record {record_id}; send that id, or leave it out.")
