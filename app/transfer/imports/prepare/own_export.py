"""Values written by our own export, which are in stored form already."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from app.books.contributors.field import MOST_CONTRIBUTORS
from app.books.models import ROLES
from app.core.fields import Faults, FieldType, Line, Lines, Number, Paragraphs, WholeNumber
from app.transfer.imports.cleaning import texts
from app.transfer.records import PreparedContributor, RawContributor

from .builder import RecordBuilder
from .lists import are_lines
from .values import prepare_line

_written_number = re.compile(r"[0-9]{1,6}(?:\.[0-9]+)?", re.ASCII)
_name_rule = Line()


def keep_exported(builder: RecordBuilder, name: str, raw: Any) -> bool:
    """Set an exported value unchanged, if it is in stored form; return whether it was.

    Any other value was edited after the export, and is prepared like a value of another file.
    """
    if name == "person":
        return _keep_person(builder, raw)
    if name == "authors":
        return _keep_contributors(builder, raw)
    field, value = builder.fields[name], raw[0] if name == "isbn" else raw
    if _is_stored_form(field.type, value):
        builder.values[name] = value
        return True
    if isinstance(field.type, WholeNumber | Number) and _written_number.fullmatch(raw):
        value = float(raw) if "." in raw else int(raw)
    faults = Faults()
    validated = field.type.read(value, "", faults)
    if faults or (isinstance(raw, str) and validated != value):
        return False
    if name == "identifiers":
        builder.identifiers |= validated
    else:
        builder.values[name] = validated
    return True


def _is_stored_form(kind: FieldType, value: Any) -> bool:
    """Return whether a value is certainly in stored form (a quick test)."""
    if type(kind) is Paragraphs:
        return len(value) <= kind.longest and texts.is_clean_paragraphs(value)
    return type(kind) is Lines and are_lines(value, kind) and len(set(value)) == len(value)


def _keep_person(builder: RecordBuilder, raw: RawContributor) -> bool:
    if _validate_name(raw.name) != raw.name:
        return False
    builder.values["name"] = raw.name
    if raw.sort_name and not keep_exported(builder, "sort_name", raw.sort_name):
        prepare_line(builder, builder.fields["sort_name"], raw.sort_name)
    return True


def _keep_contributors(builder: RecordBuilder, contributors: Sequence[RawContributor]) -> bool:
    if len(contributors) > MOST_CONTRIBUTORS or not all(map(_is_contributor_in_stored_form, contributors)):
        return False
    # A name that occurs twice in a role belongs to two different authors.
    homonyms: Counter[tuple[str | None, str]] = Counter()
    for raw in contributors:
        role = raw.role or ROLES[0]
        homonym = homonyms[raw.name, role]
        homonyms[raw.name, role] += 1
        builder.contributors.append(PreparedContributor(raw.name, role, None, raw.credited_as, homonym=homonym))
    return True


@lru_cache(maxsize=1 << 16)
def _is_contributor_in_stored_form(raw: RawContributor) -> bool:
    return (
        raw.role in (None, *ROLES)
        and _validate_name(raw.name) == raw.name
        and (not raw.credited_as or _validate_name(raw.credited_as) == raw.credited_as)
    )


def _validate_name(name: str | None) -> str | None:
    faults = Faults()
    validated: str | None = _name_rule.read(name, "", faults)
    return None if faults else validated
