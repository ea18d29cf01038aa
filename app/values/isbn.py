"""ISBNs (ISO 2108): 10 or 13 digits, stored as 13."""

from __future__ import annotations

import re

from .error_detail import reject

STORED = r"^97[89][0-9]{10}$"
# Accepted on input: 10 or 13 digits, with hyphens and spaces anywhere.
PATTERN = r"^[ -]*(97[89][ -]*([0-9][ -]*){10}|([0-9][ -]*){9}[0-9Xx][ -]*)$"

# Hyphens that occur in pasted text: ASCII, U+2010 hyphen, U+2011 non-breaking hyphen, U+2012/2013 dashes, U+2212 minus.
_separators = re.compile("[-\u2010-\u2013\u2212\\s]+")
_ten = re.compile(r"[0-9]{9}[0-9X]", re.ASCII)
_thirteen = re.compile(r"97[89][0-9]{10}", re.ASCII)


def normalize(value: str) -> str:
    """Return the 13 digits of an ISBN-10 or ISBN-13, without hyphens and spaces.

    Rejects anything else, and a wrong check digit, with ``invalid_isbn``.
    """
    digits = _separators.sub("", value).upper()
    if not (_thirteen.fullmatch(digits) or _ten.fullmatch(digits)):
        reject(
            "invalid_isbn",
            "This must be an ISBN: 10 digits (the last may be X), or 13 that start with 978 or 979. "
            "Hyphens and spaces are ignored.",
        )
    body, check = digits[:-1], digits[-1]
    expected = check_digit_13(body) if len(digits) == 13 else check_digit_10(body)
    if check != expected:
        reject(
            "invalid_isbn",
            f"The check digit of this ISBN-{len(digits)} is wrong: it ends in {check}, but {body} requires {expected}. "
            "Compare it with the book.",
        )
    return digits if len(digits) == 13 else to_13(digits)


def to_13(ten: str) -> str:
    """Return the ISBN-13 of a valid ISBN-10 (10 characters, no hyphens)."""
    first = "978" + ten[:9]
    return first + check_digit_13(first)


def check_digit_13(twelve: str) -> str:
    """Return the last digit of an ISBN-13.

    Weights 1 and 3, modulo 10.
    """
    total = sum(map(int, twelve[::2])) + 3 * sum(map(int, twelve[1::2]))
    return str(-total % 10)


def check_digit_10(nine: str) -> str:
    """Return the last digit of an ISBN-10.

    Weights 10 to 2, modulo 11, X for 10.
    """
    total = sum(int(digit) * (10 - index) for index, digit in enumerate(nine))
    check = -total % 11
    return "X" if check == 10 else str(check)
