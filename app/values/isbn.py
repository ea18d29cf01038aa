"""International Standard Book Numbers (ISO 2108): read in either length, stored as the 13 digits of an ISBN-13."""

from __future__ import annotations

import re

from .flaw import reject

STORED = r"^97[89][0-9]{10}$"
# What may be sent: ten or thirteen digits, with hyphens and spaces wherever the sender put them.
PATTERN = r"^[ -]*(97[89][ -]*([0-9][ -]*){10}|([0-9][ -]*){9}[0-9Xx][ -]*)$"

# Hyphens as people paste them: ASCII, U+2010 hyphen, U+2011 non-breaking hyphen, U+2012/2013 dashes, U+2212 minus.
_separators = re.compile("[-\u2010-\u2013\u2212\\s]+")
_ten = re.compile(r"[0-9]{9}[0-9X]", re.ASCII)
_thirteen = re.compile(r"97[89][0-9]{10}", re.ASCII)


def normalize(value: str) -> str:
    """The ISBN-13 digits of an ISBN-10 or ISBN-13, hyphens and spaces left out.

    Refuses with code ``invalid_isbn`` what is no ISBN or bears a wrong check digit.
    """
    digits = _separators.sub("", value).upper()
    if not (_thirteen.fullmatch(digits) or _ten.fullmatch(digits)):
        reject(
            "invalid_isbn",
            "An ISBN has 10 digits (the last may be X), or 13 that begin with 978 or 979; "
            "hyphens and spaces do not matter.",
        )
    body, check = digits[:-1], digits[-1]
    right = check_digit_13(body) if len(digits) == 13 else check_digit_10(body)
    if check != right:
        reject(
            "invalid_isbn",
            f"The check digit of this ISBN-{len(digits)} is wrong: it ends in {check}, and {body} takes {right}. "
            "Compare it with the book.",
        )
    return digits if len(digits) == 13 else to_13(digits)


def to_13(ten: str) -> str:
    """The ISBN-13 of a valid ISBN-10 (ten digits, no hyphens)."""
    first = "978" + ten[:9]
    return first + check_digit_13(first)


def check_digit_13(twelve: str) -> str:
    """The last digit of an ISBN-13 that begins with these twelve (weights 1 and 3, modulo 10)."""
    total = sum(map(int, twelve[::2])) + 3 * sum(map(int, twelve[1::2]))
    return str(-total % 10)


def check_digit_10(nine: str) -> str:
    """The last digit of an ISBN-10 that begins with these nine (weights 10 to 2, modulo 11, X for ten)."""
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(nine))
    check = -total % 11
    return "X" if check == 10 else str(check)
