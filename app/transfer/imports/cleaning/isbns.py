"""Parsing ISBNs with qualifiers, quoted for Excel, or without leading zeros."""

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
# Digits with hyphens and single spaces between them, possibly an X at the end; a qualifier may follow.
_number = re.compile(r"(?:[0-9][-\u2010-\u2013\u2212 ]?){6,16}[0-9Xx]?(?![0-9A-Za-z])|[0-9]{7,}", re.ASCII)
_nothing = frozenset({"", "0", "n/a", "na", "none", "null", "[]", "-"})
_MIN_DIGITS = 7  # of an ISBN-10 without its leading zeros


class CleanedIsbns(NamedTuple):
    """The ISBNs of one cell, and the codes of their warnings."""

    valid: list[str]  # 13 digits each, without duplicates
    warnings: list[str]
    invalid: list[str]  # as written in the text


def parse_isbns(value: str) -> CleanedIsbns:
    """Return all ISBNs in a text."""
    if len(value) == 13 and _thirteen.fullmatch(value) and _is_valid_13(value):
        return CleanedIsbns([value], [], [])
    if len(value) == 10 and _ten.fullmatch(value) and _is_valid_10(value):
        return CleanedIsbns([_to_13(value)], [], [])
    text = value.strip().removeprefix("=").strip(" \"'[]").removeprefix("urn:isbn:")
    cleaned = CleanedIsbns([], [], [])
    if text.lower() in _nothing:
        return cleaned
    if _rounded.fullmatch(text):
        return CleanedIsbns([], ["isbn_rounded"], [])
    for number in find_numbers(text) or [value.strip()]:
        _add_number(cleaned, number)
    return cleaned


def find_numbers(text: str) -> list[str]:
    """Return the numbers in a text that may be ISBNs, without their qualifiers."""
    return [match[0].strip() for match in _number.finditer(text)]


def _add_number(cleaned: CleanedIsbns, number: str) -> None:
    digits = re.sub("[^0-9Xx]", "", number).upper()
    padded = _MIN_DIGITS <= len(digits) < 10
    try:
        valid = isbn.normalize(digits.zfill(10) if padded else digits)
    except SchemaError:
        cleaned.warnings.append("isbn_wrong")
        cleaned.invalid.append(number)
        return
    if padded:
        cleaned.warnings.append("isbn_padded")
    if valid not in cleaned.valid:
        cleaned.valid.append(valid)


def _is_valid_13(digits: str) -> bool:
    """Return whether the check digit of an ISBN-13 is right, without a Python loop."""
    codes = digits.encode()
    return (sum(codes[::2]) + 3 * sum(codes[1::2]) - 48 * 25) % 10 == 0


def _is_valid_10(digits: str) -> bool:
    """Return whether the check digit of an ISBN-10 is right; it may be X."""
    codes = digits.encode()
    last = 10 if codes[9] == 88 else codes[9] - 48
    return (sum(map(mul, _TEN_WEIGHTS, codes)) - 48 * 54 + last) % 11 == 0


def _to_13(digits: str) -> str:
    """Return an ISBN-10 as ISBN-13, without a Python loop."""
    codes = digits.encode()
    # 978 contributes 9 + 3 * 7 + 8; from there the weights alternate between 3 and 1.
    total = 38 + 3 * sum(codes[0:9:2]) + sum(codes[1:9:2]) - 48 * 19
    return f"978{digits[:9]}{-total % 10}"
