"""Names of persons: their sort form, and their similarity."""

from __future__ import annotations

import re
from enum import IntEnum

SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "v", "esq", "phd", "md"})
_PARTICLES = """
    af al am ap aus'm ben bin d' da das dal dalla de degli dei del della den der des di dos du el el- la las le les lo
    los mac o' san santa st st. te ten ter tor van vom von y zu zum zur
"""
PARTICLES = frozenset(_PARTICLES.split())
# Scripts whose names begin with the family name and need no inversion: Han, Kana, Hangul.
_family_first = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")

LONGEST = 1000  # code points of a name, which the inserted commas must not exceed


def sort_name(name: str) -> str:
    """Return the form of a name to sort by: ``Le Guin, Ursula K.``.

    The last word is the family name. A capitalized particle before it belongs to it (``Du Maurier, Daphne``); a
    lower-case particle follows the given names (``Beauvoir, Simone de``). A name of one word, with a comma, or in Han,
    Kana or Hangul stays as it is. Names that these rules get wrong (``García Márquez``, ``Nagy László``) are the reason
    for the field `sort_name`.
    """
    words = name.split(" ")
    if len(words) == 1 or "," in name or _family_first.search(name):
        return name
    suffix = words.pop() if len(words) > 2 and words[-1].rstrip(".").lower() in SUFFIXES else None
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in PARTICLES:
        start -= 1
    given, family = words[:start], words[start:]
    while len(family) > 1 and family[0].islower():
        given.append(family.pop(0))
    return ", ".join(filter(None, (" ".join(family), " ".join(given), suffix)))[:LONGEST].rstrip(" ,")


SHORT, LONG = 4, 7  # letters that a word needs for a difference to be perhaps, or probably, a misspelling


class Similarity(IntEnum):
    """How similar two names are."""

    NONE = 0  # different names
    POSSIBLE = 1  # perhaps a misspelling: further evidence is needed
    LIKELY = 2  # a misspelling


def similarity(key: str, other: str) -> Similarity:
    """Return how similar two name keys (``name_key``) are.

    Similar names differ only in spacing or in one word: by a missing or additional letter, or by two swapped letters.
    In a short word, or with one letter replaced (Hansen, Hanson), the difference may make another name.
    """
    longer, spaces = len(key) - len(other), key.count(" ") - other.count(" ")
    if spaces:
        is_same = longer == spaces and len(key) > LONG and key.replace(" ", "") == other.replace(" ", "")
        return Similarity.LIKELY if is_same else Similarity.NONE
    if key == other or abs(longer) > 1:
        return Similarity.NONE
    differing = [pair for pair in zip(key.split(), other.split(), strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return Similarity.NONE
    short, long = sorted(differing[0], key=len)
    if len(short) < SHORT or not short.isalpha() or not long.isalpha():
        return Similarity.NONE
    start = next((index for index, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest, other_rest = short[start:], long[start:]
    if len(long) > len(short):
        is_slip = rest == other_rest[1:]
    elif rest[1:] == other_rest[1:]:
        return Similarity.POSSIBLE
    else:
        is_slip = rest[1::-1] + rest[2:] == other_rest
    if not is_slip:
        return Similarity.NONE
    return Similarity.LIKELY if len(short) >= LONG else Similarity.POSSIBLE
