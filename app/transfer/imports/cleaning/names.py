"""Parsing names: inverted headings, lists, roles beside names, and placeholders like "Anonymous"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from app.values.person_name import LONGEST, PARTICLES, SUFFIXES, sort_name

from . import dates, roles, texts

_PLACEHOLDERS = """
    anonymous|anonym|anonymus|anónimo|anonimo|anonyme|anon|anonymous author|unknown|unknown author|author unknown
    no author|not available|n/a|none|null|s.n|sine nomine|various|various authors|various artists|multiple authors
    verschiedene|diverse|diverses|collectif|autores varios|vv. aa|vv.aa|aa. vv|aa.vv|et al|others|and others
"""
PLACEHOLDERS = frozenset(name.strip() for name in re.split(r"[|\n]", _PLACEHOLDERS) if name.strip())
_RANKS = """
    saint king queen emperor empress pope prince princess sir lady lord baron baroness earl count countess duke duchess
    marquis viscount bishop archbishop abbot brother sister father mother rabbi graf freiherr czar tsar sultan imam
    mrs. mr. miss dr. rev. captain colonel general major madame mme dame don doña consort
"""
RANKS = frozenset(_RANKS.split())
_GIVEN = frozenset({"don", "earl"})  # ranks that are also given names: "Marquis, Don"
# The name before one of these is the name of the husband: "Ward, Humphry, Mrs." is "Mrs. Humphry Ward".
_MARRIED = frozenset({"mrs.", "mme", "mme.", "mistress"})
# First words of an epithet, which follows the name: "Thomas, à Kempis".
_EPITHET = PARTICLES | {"of", "the", "à", "d'", "dos", "filius", "fils", "père"}

_space = re.compile(r"\s+")
_stop = re.compile(r"(?<=[^\W\d_]{4})\.$|(?<=[0-9)\]?])\.$")
_comma = re.compile(r", (?![^()]*\))")  # outside brackets: "Library Association (Schoolcraft, Mich.)"
_dates_part = re.compile(
    r"(?:b\.|d\.|born|died|active|fl\.|approximately|ca\.?|jin shi|ju ren)?\s*\(?[0-9]{1,4}.*"
    r"|active .*|-\s*[0-9]{3,4}.*",
    re.I,
)
_century = re.compile(r".*\bcentury\b.*", re.I)
_fuller = re.compile(r"\s*\(([^()]*)\)")
_initial = re.compile(r"[^\W\d_]\.")
_subordinate = re.compile(r"[^\W\d_]{4,}\. \w")  # "United States. Army": a corporate body and its part
_asian = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af]")
# "Constance Garnett [translator]", "Messenger, Norman, ill.", "translated by Emily Wilson", "by Jane Austen". After a
# comma only lower-case words are roles: "Asner, Ed" has no role.
_roles = (
    re.compile(r"(?P<name>.*\S)\s*[\[(](?P<role>[^\W\d_][\w .,/&'-]*)[\])]"),
    re.compile(r"(?P<name>.*[^\s,]),\s*(?P<role>[a-zäöüß]{2,12}\.?)"),
    re.compile(r"(?P<role>[^\W\d_]+\.?) (?:by|von|par|por|da|door) (?P<name>.*)", re.I),
)
_role_mark = re.compile(r"[\[(,]|\b(?:by|von|par|por|da|door) ", re.I)  # a quick test: most names have no role
_by = re.compile(r"by (?=[^\W\d_])")
_role_words = re.compile(r"\s*[,/&]\s*")
_and_others = re.compile(
    r"[\s,;&]*[\[(]?\b(?:et al|et alii|u\. ?a|and others|y otros|e altri|en anderen)\b\.?[\])]?\s*$", re.I
)
_and = re.compile(r",?\s+(?:&(?:amp;)?|and|und|et|y)\s+")


class ParsedName(NamedTuple):
    """A name in usual order, with the other data of its heading."""

    name: str
    sort_name: str | None = None  # the inverted form, if the source has it
    birth_date: str | None = None
    death_date: str | None = None
    alternate_names: tuple[str, ...] = ()  # fuller names


def is_placeholder(name: str) -> bool:
    """Return whether a name is a placeholder such as "Anonymous" or "Various"."""
    return name.strip(" .,;:()[]…").lower() in PLACEHOLDERS


@lru_cache(maxsize=1 << 16)
def parse_heading(heading: str) -> ParsedName:
    """Parse an inverted library heading: "Milne, A. A. (Alan Alexander), 1882-1956".

    Family name and given name are swapped; ranks and titles are kept only in the sort name. A heading that does not
    look like a personal name (a corporate body and its part, Asian scripts) is returned unchanged.
    """
    if len(heading) > LONGEST:
        return ParsedName(heading)
    text = _stop.sub("", _space.sub(" ", heading).strip(" ,;:/"))
    parts = _comma.split(text)
    born = died = None
    while len(parts) > 1 and (_dates_part.fullmatch(parts[-1]) or _century.fullmatch(parts[-1])):
        born, died = dates.parse_life_dates(parts.pop())
    text = ", ".join(parts).rstrip(" ,")
    if len(parts) == 1 or _asian.search(text) or _subordinate.search(parts[0]) or parts[0].count(" ") > 3:
        # A sort name is set only if the catalog would derive a different one: "States, United".
        return ParsedName(text, text if sort_name(text) != text else None, born, died)
    family, given, *rest = parts
    if _is_suffix(given) and not rest:  # "Martin Luther King, Jr.": in usual order
        return ParsedName(f"{family} {given}", None, born, died)
    fuller = _fuller.search(given)
    given = _fuller.sub("", given).strip()
    first = given.partition(" ")[0].lower()
    if not given:
        return ParsedName(text, None, born, died)
    if given[0].islower() or first.startswith(("d'", "l'")):
        is_epithet = first in _EPITHET or first.startswith(("d'", "l'"))
        return ParsedName(f"{family} {given}", text, born, died) if is_epithet else ParsedName(text, None, born, died)
    if _is_rank(given):
        return ParsedName(text, None, born, died)
    name = given if given == family or given.endswith(f" {family}") else _joined(given, family)
    for part in rest:
        word = part.partition(" (")[0].lower()
        if _is_suffix(word):
            name = f"{name} {part}"
        elif word in _MARRIED:
            name = f"{part.partition(' (')[0]} {name}"
    others: tuple[str, ...] = ()
    if fuller and _initial.match(given) and fuller[1][:1] == given[0]:
        others = (_joined(fuller[1].strip(), family),)
    return ParsedName(name, text, born, died, others)


def _is_rank(given: str) -> bool:
    """Return whether the text after the comma is a rank: "Henry VIII, King of England"."""
    first, _, more = given.partition(" ")
    word = first.lower()
    if not more:
        return word in RANKS and word not in _GIVEN
    return word in RANKS and (more[0].islower() or word in ("mrs.", "mme", "saint"))


def _is_suffix(part: str) -> bool:
    return part.replace(".", "").lower() in SUFFIXES


def _joined(given: str, family: str) -> str:
    return f"{given}{family}" if given.endswith(("'", "’")) else f"{given} {family}"


def split_role(text: str) -> tuple[str, str | None]:
    """Split a name from the role beside it, if any: "Constance Garnett [translator]"."""
    if len(text) > LONGEST or not _role_mark.search(text):
        return text, None
    for pattern in _roles:
        match = pattern.fullmatch(text)
        if match:
            role = next((word for word in _role_words.split(match["role"]) if roles.find_role(word) is not None), None)
            if role:
                return match["name"].strip(), role
    return _by.sub("", text, count=1) if _by.match(text) else text, None


def split_names(cell: str, separator: str | None) -> list[str]:
    """Split a cell into names at `separator`, or at the most likely one if it is None.

    "King, Stephen" is one name. If the cell ends with "et al." or the like, so does the list.
    """
    if not cell or cell.isspace():
        return []
    start = max(len(cell) - 40, 0)  # "et al." is searched for from here
    others = _and_others.search(cell, start)
    if others and others.start() > start:
        return [*split_names(cell[: others.start()], separator), "et al."]
    if separator:
        return _split_at(cell, separator)
    for likely in (";", "|", "\n"):
        if likely in cell and len(texts.split_cell(cell, likely)) > 1:
            return _split_at(cell, likely)
    return _split_at_commas(cell)


def _split_at(cell: str, separator: str) -> list[str]:
    """Split names at a separator; suffixes such as "Jr." stay with the name before."""
    names: list[str] = []
    for part in texts.split_cell(cell, separator):
        name = part.strip()
        if names and _is_suffix(name):
            names[-1] += f", {name}"
        elif name:
            names.append(name)
    return names


def _split_at_commas(cell: str) -> list[str]:
    """Split names at "and" and at commas that are not part of a name."""
    cell = " ".join(cell.split())
    joined = [part.strip() for part in _and.split(cell)]
    if "," not in cell:
        return joined if len(joined) > 1 and all(" " in part for part in joined) else [cell.strip()]
    if len(joined) > 1 and all(part.count(", ") == 1 for part in joined):  # "Pratchett, Terry & Gaiman, Neil"
        return joined
    parts = [name for part in joined for name in _split_at(part, ",")]
    if any(_dates_part.fullmatch(part) for part in parts):
        return [cell.strip()]
    # "Neil Gaiman, Terry Pratchett" are two names, "Collins, Suzanne" is one.
    if len(parts) > 1 and all(" " in part for part in parts):
        return parts
    families, given = parts[::2], parts[1::2]
    is_inverted = len(given) > 1 and len(families) == len(given)
    if is_inverted and not any(_is_rank(name) or name[0].islower() for name in given):
        return [f"{family}, {name}" for family, name in zip(families, given, strict=True)]
    return [cell.strip()]
