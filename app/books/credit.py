r"""A contributor as text, for the cells of our own tables: ``Name``, ``Name [role]``, ``Name [role as Credited Name]``.

A bracket or backslash that would be misread has a backslash before it.
"""

from __future__ import annotations

import re

from .models import ROLES

_with_role = re.compile(
    rf"(?P<name>.*\S)\s*(?<!\\)\[(?P<role>{'|'.join(ROLES)})(?: as (?P<credited_as>.+))?\]", re.DOTALL
)
_escaped = re.compile(r"\\([\[\\])")
_special = re.compile(r"[\[\\]")


def read(text: str) -> tuple[str, str | None, str | None]:
    """The name, role and credited name of one contributor; None for what is not said."""
    match = _with_role.fullmatch(text) if text.endswith("]") else None
    said = (match["name"], match["role"], match["credited_as"]) if match else (text, None, None)
    if "\\" not in text:
        return said
    name, role, credited_as = said
    return _escaped.sub(r"\1", name), role, credited_as and _escaped.sub(r"\1", credited_as)


def written(name: str, role: str, credited_as: str | None) -> str:
    """The plainest text that `read` understands so; nothing need be said of the first role."""
    plain = role == ROLES[0] and not credited_as
    if plain and "[" not in name and "\\" not in name:
        return name
    wanted = (name, role, credited_as)
    for said in (wanted, (_shielded(name), role, credited_as and _shielded(credited_as))):
        text = f"{said[0]} [{role} as {said[2]}]" if credited_as else f"{said[0]} [{role}]"
        if read(text) == wanted:
            return text
    raise ValueError(f"{wanted!r} cannot be written")


def _shielded(text: str) -> str:
    return _special.sub(r"\\\g<0>", text)
