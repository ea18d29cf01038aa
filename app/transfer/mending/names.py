"""Names of people as files have them: filed by the family name, with dates, in lists; and words that name nobody."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from app.values.person_name import LONGEST, PARTICLES, SUFFIXES, sort_name

from . import dates, roles, texts

_NOBODY = """
    anonymous|anonym|anonymus|anónimo|anonimo|anonyme|anon|anonymous author|unknown|unknown author|author unknown
    no author|not available|n/a|none|null|s.n|sine nomine|various|various authors|various artists|multiple authors
    verschiedene|diverse|diverses|collectif|autores varios|vv. aa|vv.aa|aa. vv|aa.vv|et al|others|and others
"""
NOBODY = frozenset(name.strip() for name in re.split(r"[|\n]", _NOBODY) if name.strip())
_RANKS = """
    saint king queen emperor empress pope prince princess sir lady lord baron baroness earl count countess duke duchess
    marquis viscount bishop archbishop abbot brother sister father mother rabbi graf freiherr czar tsar sultan imam
    mrs. mr. miss dr. rev. captain colonel general major madame mme dame don doña consort
"""
RANKS = frozenset(_RANKS.split())
_GIVEN = frozenset({"don", "earl"})  # which people are called, too: "Marquis, Don"
# What stands behind a name and says rank, not name. "Mrs." is another matter: with it, the name is the husband's.
_MARRIED = frozenset({"mrs.", "mme", "mme.", "mistress"})
# Words with which an epithet begins: it belongs behind the name ("Thomas, à Kempis").
_EPITHET = PARTICLES | {"of", "the", "à", "d'", "dos", "filius", "fils", "père"}

_space = re.compile(r"\s+")
_stop = re.compile(r"(?<=[^\W\d_]{4})\.$|(?<=[0-9)\]?])\.$")
_comma = re.compile(r", (?![^()]*\))")  # but none within brackets: "Library Association (Schoolcraft, Mich.)"
_dates_part = re.compile(
    r"(?:b\.|d\.|born|died|active|fl\.|approximately|ca\.?|jin shi|ju ren)?\s*\(?[0-9]{1,4}.*"
    r"|active .*|-\s*[0-9]{3,4}.*",
    re.I,
)
_century = re.compile(r".*\bcentury\b.*", re.I)
_fuller = re.compile(r"\s*\(([^()]*)\)")
_initial = re.compile(r"[^\W\d_]\.")
_subordinate = re.compile(r"[^\W\d_]{4,}\. \w")  # "United States. Army": a body and a part of it
_asian = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af]")
# "Constance Garnett [translator]", "Messenger, Norman, ill.", "translated by Emily Wilson", "by Jane Austen". Behind a
# comma a role is written small: "Asner, Ed" has none.
_roles = (
    re.compile(r"(?P<name>.*\S)\s*[\[(](?P<role>[^\W\d_][\w .,/&'-]*)[\])]"),
    re.compile(r"(?P<name>.*[^\s,]),\s*(?P<role>[a-zäöüß]{2,12}\.?)"),
    re.compile(r"(?P<role>[^\W\d_]+\.?) (?:by|von|par|por|da|door) (?P<name>.*)", re.I),
)
_role_mark = re.compile(r"[\[(,]|\b(?:by|von|par|por|da|door) ", re.I)  # without one there is no role, as nearly always
_by = re.compile(r"by (?=[^\W\d_])")
_role_words = re.compile(r"\s*[,/&]\s*")
_and_others = re.compile(
    r"[\s,;&]*[\[(]?\b(?:et al|et alii|u\. ?a|and others|y otros|e altri|en anderen)\b\.?[\])]?\s*$", re.I
)
_and = re.compile(r",?\s+(?:&(?:amp;)?|and|und|et|y)\s+")


class Person(NamedTuple):
    """A name in its usual order, the form under which the source files it (if it does), life dates, fuller names."""

    name: str
    sort_name: str | None = None
    birth_date: str | None = None
    death_date: str | None = None
    alternate_names: tuple[str, ...] = ()


def is_nobody(name: str) -> bool:
    """Whether these words stand where a name would, and name no person."""
    return name.strip(" .,;:()[]…").lower() in NOBODY


@lru_cache(maxsize=1 << 16)
def filed(heading: str) -> Person:
    """The person of a heading as libraries write it, such as "Milne, A. A. (Alan Alexander), 1882-1956".

    The name is turned at the comma; rank and titles are left to the filed form. What does not look like a person's
    heading (a body and its part, an epithet that is none, Asian scripts) stays as it stands.
    """
    if len(heading) > LONGEST:
        return Person(heading)
    text = _stop.sub("", _space.sub(" ", heading).strip(" ,;:/"))
    parts = _comma.split(text)
    born = died = None
    while len(parts) > 1 and (_dates_part.fullmatch(parts[-1]) or _century.fullmatch(parts[-1])):
        born, died = dates.lifetime(parts.pop())
    text = ", ".join(parts).rstrip(" ,")
    if len(parts) == 1 or _asian.search(text) or _subordinate.search(parts[0]) or parts[0].count(" ") > 3:
        # What is filed as it stands is said where the catalog would file it otherwise: "States, United".
        return Person(text, text if sort_name(text) != text else None, born, died)
    family, given, *rest = parts
    if _is_suffix(given) and not rest:  # "Martin Luther King, Jr.": not turned at all
        return Person(f"{family} {given}", None, born, died)
    fuller = _fuller.search(given)
    given = _fuller.sub("", given).strip()
    first = given.partition(" ")[0].lower()
    if not given:
        return Person(text, None, born, died)
    if given[0].islower() or first.startswith(("d'", "l'")):
        is_epithet = first in _EPITHET or first.startswith(("d'", "l'"))
        return Person(f"{family} {given}", text, born, died) if is_epithet else Person(text, None, born, died)
    if _is_rank(given):
        return Person(text, None, born, died)
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
    return Person(name, text, born, died, others)


def _is_rank(given: str) -> bool:
    """Whether what stands behind the comma is no given name: "Henry VIII, King of England"."""
    first, _, more = given.partition(" ")
    word = first.lower()
    if not more:
        return word in RANKS and word not in _GIVEN
    return word in RANKS and (more[0].islower() or word in ("mrs.", "mme", "saint"))


def _is_suffix(part: str) -> bool:
    return part.replace(".", "").lower() in SUFFIXES


def _joined(given: str, family: str) -> str:
    return f"{given}{family}" if given.endswith(("'", "’")) else f"{given} {family}"


def with_role(text: str) -> tuple[str, str | None]:
    """A name and the role that stands beside it: "Constance Garnett [translator]"; None where none does."""
    if len(text) > LONGEST or not _role_mark.search(text):
        return text, None
    for pattern in _roles:
        match = pattern.fullmatch(text)
        if match:
            role = next((word for word in _role_words.split(match["role"]) if roles.of(word) is not None), None)
            if role:
                return match["name"].strip(), role
    return _by.sub("", text, count=1) if _by.match(text) else text, None


def of_cell(cell: str, mark: str | None) -> list[str]:
    """The names of a cell that separates them by `mark`; None: nobody says how. "King, Stephen" is one name.

    Where others are left out ("et al."), that stands at the end, as a name that names nobody.
    """
    if not cell or cell.isspace():
        return []
    start = max(len(cell) - 40, 0)  # where "et al." may stand
    others = _and_others.search(cell, start)
    if others and others.start() > start:
        return [*of_cell(cell[: others.start()], mark), "et al."]
    if mark:
        return _listed(cell, mark)
    for guessed in (";", "|", "\n"):
        if guessed in cell and len(texts.parts(cell, guessed)) > 1:
            return _listed(cell, guessed)
    return _guessed(cell)


def _listed(cell: str, mark: str) -> list[str]:
    """The names between marks; "Jr." and the like belong to the name before them."""
    names: list[str] = []
    for part in texts.parts(cell, mark):
        name = part.strip()
        if names and _is_suffix(name):
            names[-1] += f", {name}"
        elif name:
            names.append(name)
    return names


def _guessed(cell: str) -> list[str]:
    """Names between commas and "and", of which a comma may also stand within a name."""
    cell = " ".join(cell.split())
    joined = [part.strip() for part in _and.split(cell)]
    if "," not in cell:
        return joined if len(joined) > 1 and all(" " in part for part in joined) else [cell.strip()]
    if len(joined) > 1 and all(part.count(", ") == 1 for part in joined):  # "Pratchett, Terry & Gaiman, Neil"
        return joined
    parts = [name for part in joined for name in _listed(part, ",")]
    if any(_dates_part.fullmatch(part) for part in parts):
        return [cell.strip()]
    # "Collins, Suzanne" is turned; "Neil Gaiman, Terry Pratchett" and longer lists are not.
    if len(parts) > 1 and all(" " in part for part in parts):
        return parts
    families, given = parts[::2], parts[1::2]
    is_filed = len(given) > 1 and len(families) == len(given)
    if is_filed and not any(_is_rank(one) or one[0].islower() for one in given):
        return [f"{family}, {one}" for family, one in zip(families, given, strict=True)]
    return [cell.strip()]
