"""ISBNs as files have them: with qualifiers, in Excel's quotes, without their zeros, rounded."""

from __future__ import annotations

import re
from typing import NamedTuple

from schema import SchemaError

from app.values import isbn

_thirteen = re.compile(r"97[89][0-9]{10}", re.ASCII)
_rounded = re.compile(r"[0-9][.,][0-9]+[eE]\+?[0-9]+", re.ASCII)
# Digits with hyphens and single spaces between them, and an X at the end; a qualifier may follow.
_number = re.compile(r"(?:[0-9][-\u2010-\u2013\u2212 ]?){6,16}[0-9Xx]?(?![0-9A-Za-z])|[0-9]{7,}", re.ASCII)
_nothing = frozenset({"", "0", "n/a", "na", "none", "null", "[]", "-"})
SHORTEST = 7  # digits that an ISBN-10 without its zeros still has


class Isbns(NamedTuple):
    """The ISBNs of one cell: those that are right (13 digits each, no two alike), the warnings, what is to be kept."""

    right: list[str]
    kinds: list[str]
    wrong: list[str]


def read(value: str) -> Isbns:
    """All ISBNs that a text holds."""
    if len(value) == 13 and _thirteen.fullmatch(value) and _is_right(value):
        return Isbns([value], [], [])
    text = value.strip().removeprefix("=").strip(' "\'[]').removeprefix("urn:isbn:")
    found = Isbns([], [], [])
    if text.lower() in _nothing:
        return found
    if _rounded.fullmatch(text):
        return Isbns([], ["isbn_rounded"], [])
    for number in numbers(text) or [value.strip()]:
        _read_one(number, found)
    return found


def numbers(text: str) -> list[str]:
    """What may be ISBNs in a text, without their qualifiers, right or not."""
    return [match[0].strip() for match in _number.finditer(text)]


def _read_one(number: str, found: Isbns) -> None:
    digits = re.sub("[^0-9Xx]", "", number).upper()
    padded = SHORTEST <= len(digits) < 10
    try:
        right = isbn.normalize(digits.zfill(10) if padded else digits)
    except SchemaError:
        found.kinds.append("isbn_wrong")
        found.wrong.append(number)
        return
    if padded:
        found.kinds.append("isbn_padded")
    if right not in found.right:
        found.right.append(right)


def _is_right(thirteen: str) -> bool:
    """Whether the check digit of 13 digits is right; the same as `isbn.check_digit_13`, without a loop in Python."""
    codes = thirteen.encode()
    return (sum(codes[::2]) + 3 * sum(codes[1::2]) - 48 * 25) % 10 == 0
