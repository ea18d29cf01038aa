"""ISBNs as files have them: with qualifiers, in Excel's quotes, without their zeros, rounded."""

from __future__ import annotations

import re
from operator import mul
from typing import NamedTuple

from schema import SchemaError

from app.values import isbn

_thirteen = re.compile(r"97[89][0-9]{10}", re.ASCII)
_ten = re.compile(r"[0-9]{9}[0-9X]", re.ASCII)
_TEN_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)
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
    if len(value) == 10 and _ten.fullmatch(value) and _is_right_ten(value):
        return Isbns([_of_ten(value)], [], [])
    text = value.strip().removeprefix("=").strip(" \"'[]").removeprefix("urn:isbn:")
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


def _is_right_ten(ten: str) -> bool:
    """The same for 10 digits, of which the last may be X."""
    codes = ten.encode()
    last = 10 if codes[9] == 88 else codes[9] - 48
    return (sum(map(mul, _TEN_WEIGHTS, codes)) - 48 * 54 + last) % 11 == 0


def _of_ten(ten: str) -> str:
    """The same as `isbn.to_13`."""
    codes = ten.encode()
    # 978 weighs 9 + 3 * 7 + 8; then the weights are 3 and 1 by turns.
    total = 38 + 3 * sum(codes[0:9:2]) + sum(codes[1:9:2]) - 48 * 19
    return f"978{ten[:9]}{-total % 10}"
