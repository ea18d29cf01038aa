r"""A contributor as text in a cell of CSV: ``Name``, ``Name [role]``, ``Name [role as Credited Name]``.

Brackets and backslashes in names are escaped by a backslash if the text would be misread otherwise.
"""

from __future__ import annotations

import re

from app.books.models import ROLES

_with_role = re.compile(
    rf"(?P<name>.*\S)\s*(?<!\\)\[(?P<role>{'|'.join(ROLES)})(?: as (?P<credited_as>.+))?\]", re.DOTALL
)
_escaped = re.compile(r"\\([\[\\])")
_special = re.compile(r"[\[\\]")


def parse_contributor(text: str) -> tuple[str, str | None, str | None]:
    """Return name, role and credited name of a contributor.

    The last two are None if they are missing.
    """
    match = _with_role.fullmatch(text) if text.endswith("]") else None
    name, role, credited_as = (match["name"], match["role"], match["credited_as"]) if match else (text, None, None)
    if "\\" not in text:
        return name, role, credited_as
    return _escaped.sub(r"\1", name), role, credited_as and _escaped.sub(r"\1", credited_as)


def format_contributor(name: str, role: str, credited_as: str | None) -> str:
    """Return the shortest text that `parse_contributor` parses back; the role `author` is left out."""
    if role == ROLES[0] and not credited_as and "[" not in name and "\\" not in name:
        return name
    wanted = (name, role, credited_as)
    for shown_name, shown_credit in ((name, credited_as), (_escape(name), credited_as and _escape(credited_as))):
        text = f"{shown_name} [{role} as {shown_credit}]" if shown_credit else f"{shown_name} [{role}]"
        if parse_contributor(text) == wanted:
            return text
    raise ValueError(f"{wanted!r} cannot be written")


def _escape(text: str) -> str:
    return _special.sub(r"\\\g<0>", text)
