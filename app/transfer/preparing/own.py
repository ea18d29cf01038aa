"""Values that our own export wrote: in stored form, however they look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from app.books.contributors import MOST as MOST_CONTRIBUTORS
from app.books.models import ROLES
from app.transfer.mending import texts
from app.transfer.records import Contributor, Credit
from app.vocabulary import Faults, Integer, Kind, Line, Lines, Number, Paragraphs

from .draft import Draft
from .values import are_lines, take_line

_written_number = re.compile(r"[0-9]{1,6}(?:\.[0-9]+)?", re.ASCII)
_name_rule = Line()


def take_own(draft: Draft, name: str, raw: Any) -> bool:
    """Take a value of our own export, if it is in stored form; else (somebody edited it) it is one as any other."""
    if name == "person":
        return _take_person(draft, raw)
    if name == "authors":
        return _take_contributors(draft, raw)
    field, value = draft.fields[name], raw[0] if name == "isbn" else raw
    if _stands_as_stored(field.kind, value):
        draft.values[name] = value
        return True
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


def _stands_as_stored(kind: Kind, value: Any) -> bool:
    """Whether a value is certainly in stored form: a quick look, and nothing about kinds that it knows nothing of."""
    if type(kind) is Paragraphs:
        return len(value) <= kind.longest and texts.is_clean_text(value)
    return type(kind) is Lines and are_lines(value, kind) and len(set(value)) == len(value)


def _take_person(draft: Draft, raw: Credit) -> bool:
    if _read_name(raw.name) != raw.name:
        return False
    draft.values["name"] = raw.name
    if raw.sort_name and not take_own(draft, "sort_name", raw.sort_name):
        take_line(draft, draft.fields["sort_name"], raw.sort_name)
    return True


def _take_contributors(draft: Draft, credits: Sequence[Credit]) -> bool:
    if len(credits) > MOST_CONTRIBUTORS or not all(map(_is_own, credits)):
        return False
    # Who stands there twice in a role is two people of one name.
    namesakes: Counter[tuple[str | None, str]] = Counter()
    for one in credits:
        role = one.role or ROLES[0]
        nth = namesakes[one.name, role]
        namesakes[one.name, role] += 1
        draft.contributors.append(Contributor(one.name, role, None, one.credited_as, nth=nth))
    return True


@lru_cache(maxsize=1 << 16)
def _is_own(credit: Credit) -> bool:
    """Whether a credit is in stored form."""
    return (
        credit.role in (None, *ROLES)
        and _read_name(credit.name) == credit.name
        and (not credit.credited_as or _read_name(credit.credited_as) == credit.credited_as)
    )


def _read_name(name: str | None) -> str | None:
    faults = Faults()
    read: str | None = _name_rule.read(name, "", faults)
    return None if faults else read
