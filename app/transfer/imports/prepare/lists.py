"""Preparing lists of lines, and identifiers."""

from __future__ import annotations

from typing import Any

from app.core.fields import Faults, Field, Identifiers, Lines
from app.transfer.imports.cleaning import isbns, texts

from .builder import RecordBuilder


def prepare_lines(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set a list of distinct lines."""
    assert isinstance(field.type, Lines)
    if not isinstance(raw, list):
        builder.validate(field, raw)
        return
    if are_lines(raw, field.type):
        lines = raw
    else:
        lines = [line for item in raw if (line := _prepare_item(builder, field, item)) is not None]
    distinct = list(dict.fromkeys(lines))
    if len(distinct) < len(lines):
        builder.warn("duplicate", field.name, f"{len(lines) - len(distinct)} of {len(lines)}")
    if len(distinct) > field.type.most:
        builder.warn("items_left_out", field.name, f"{len(distinct) - field.type.most} of {len(distinct)}")
        del distinct[field.type.most :]
    if distinct:
        builder.values[field.name] = distinct


def are_lines(values: list[Any], kind: Lines) -> bool:
    """Return whether values are certainly lines in stored form (a quick test).

    Repeated values are not detected.
    """
    longest = kind.item.longest
    for value in values:
        if not (type(value) is str and len(value) <= longest and texts.is_clean_line(value)):
            return False
    return len(values) <= kind.most


def _prepare_item(builder: RecordBuilder, field: Field, item: Any) -> str | None:
    """Return an item in stored form; None if it is empty, invalid or too long."""
    assert isinstance(field.type, Lines)
    text = builder.clean_line(field.name, item) if type(item) is str else item
    if text == "":
        return None
    if type(text) is str and len(text) > field.type.item.longest:
        builder.warn("items_left_out", field.name, text)
        return None
    faults = Faults()
    line = field.type.item.read(text, f"/{field.name}", faults)
    for fault in faults:
        builder.reject(field.name, item, fault.detail)
    return None if faults else str(line)


def prepare_identifiers(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Add identifiers from an object that maps schemes to a value or a list."""
    if not isinstance(raw, dict):
        builder.validate(field, raw)
        return
    for scheme, values in raw.items():
        for value in values if isinstance(values, list) else [] if values is None else [values]:
            if type(value) is not str:
                builder.add_identifier(scheme, value)
            elif scheme == "isbn":
                _add_isbns(builder, value)
            else:
                _add_identifier(builder, field, scheme, value)


def _add_isbns(builder: RecordBuilder, value: str) -> None:
    cleaned = isbns.parse_isbns(value)
    for isbn in cleaned.valid:
        builder.add_identifier("isbn", isbn)
    for invalid in cleaned.invalid:
        builder.warn("isbn_wrong", "isbn", invalid, keep=True)


def _add_identifier(builder: RecordBuilder, field: Field, scheme: str, value: str) -> None:
    text = value if value.isalnum() and value.isascii() else builder.clean_line(field.name, value)
    if len(text) > Identifiers.value.longest:
        builder.warn("items_left_out", f"{field.name}.{scheme}", text)
    elif text:
        builder.add_identifier(scheme, text)
