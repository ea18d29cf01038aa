"""Names of persons: the form under which a name is filed."""

from __future__ import annotations

import re

SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "v", "esq", "phd", "md"})
_PARTICLES = """
    af al am ap aus'm ben bin d' da das dal dalla de degli dei del della den der des di dos du el el- la las le les lo
    los mac o' san santa st st. te ten ter tor van vom von y zu zum zur
"""
PARTICLES = frozenset(_PARTICLES.split())
# Scripts whose names put the family name first and are filed as they stand: Han, Kana, Hangul.
_family_first = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


LONGEST = 1000  # code points: the inserted commas must not make a name longer than a name may be


def sort_name(name: str) -> str:
    """The name as it is filed: ``Ursula K. Le Guin`` becomes ``Le Guin, Ursula K.``.

    The last word is the family name. A particle before it that is written with a capital belongs to it
    (``Du Maurier, Daphne``); one in lower case follows the given names (``Beauvoir, Simone de``). A name of
    one word, one with a comma and one in Han, Kana or Hangul is filed as it stands. What this cannot know
    (``García Márquez``, ``Nagy László``) is what the field `sort_name` is for.
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


SHORT, LONG = 4, 7  # letters of a word in which a slip of the pen is told from another name


def nearness(one: str, other: str) -> int:
    """How near two keys of names (``name_key``) are: 2, as a slip of the pen makes them; 1, as another name may be
    spelled, too, so that something else must speak for it; 0, another name.

    All words but one are the same, and that one differs by a letter left out or added, or by two that changed places
    (in a short word, or by another letter, it may be another name: Hansen, Hanson). Or only the spacing differs.
    """
    longer, spaces = len(one) - len(other), one.count(" ") - other.count(" ")
    if spaces:
        return 2 if longer == spaces and len(one) > LONG and one.replace(" ", "") == other.replace(" ", "") else 0
    if one == other or abs(longer) > 1:
        return 0
    words, others = one.split(), other.split()
    differing = [(word, its) for word, its in zip(words, others, strict=True) if word != its]
    if len(differing) != 1:
        return 0
    word, its = sorted(differing[0], key=len)
    if len(word) < SHORT or not word.isalpha() or not its.isalpha():
        return 0
    start = next((place for place, pair in enumerate(zip(word, its, strict=False)) if pair[0] != pair[1]), len(word))
    rest, its_rest = word[start:], its[start:]
    if len(its) > len(word):
        slip = rest == its_rest[1:]
    elif rest[1:] == its_rest[1:]:
        return 1
    else:
        slip = rest[1::-1] + rest[2:] == its_rest
    return (2 if len(word) >= LONG else 1) if slip else 0
