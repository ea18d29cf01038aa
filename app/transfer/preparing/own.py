"""Values that our own export wrote: in stored form, however they look."""

from __future__ import annotations

import re
from typing import Any

from app.transfer.records import Contributor
from app.vocabulary import Faults, Integer, Line, Number

from .draft import Draft
from .values import take_line

_written_number = re.compile(r"[0-9]{1,6}(?:\.[0-9]+)?", re.ASCII)
_name_rule = Line()


def take_own(draft: Draft, name: str, raw: Any) -> bool:
    """Take a value of our own export, if it is in stored form; else (somebody edited it) it is one as any other."""
    if name in ("authors", "person"):
        return _take_own_people(draft, name, raw)
    field, value = draft.fields[name], raw[0] if name == "isbn" else raw
    if isinstance(field.kind, Integer | Number) and _written_number.fullmatch(raw):
        value = float(raw) if "." in raw else int(raw)
    faults = Faults()
    read = field.kind.read(value, "", faults)
    if faults or (isinstance(raw, str) and read != value):
        return False
    if name == "identifiers":
        draft.identifiers |= read
    else:
        draft.values[name] = read
    return True


def _take_own_people(draft: Draft, name: str, raw: Any) -> bool:
    faults = Faults()
    credits = raw if name == "authors" else [raw]
    names = [(_name_rule.read(one.name, "", faults), one) for one in credits]
    if faults or any(read != one.name for read, one in names):
        return False
    if name == "person":
        draft.values["name"] = raw.name
        if raw.sort_name and not take_own(draft, "sort_name", raw.sort_name):
            take_line(draft, draft.fields["sort_name"], raw.sort_name)
        return True
    sent = [{"name": one.name, "role": one.role, "credited_as": one.credited_as} for one in credits]
    read = draft.fields["authors"].kind.read(sent, "", faults)
    if not faults:
        draft.contributors = [Contributor(one.name, one.role, None, one.credited_as) for one in read]
    return not faults
