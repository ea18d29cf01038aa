"""Partial dates: ``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD`` (a real day of the Gregorian calendar), ``-YYYY`` for BC.

A partial date means its whole period. Its key is the integer ``year * 10000 + month * 100 + day``, with 0 for a
missing month or day, so that a year sorts before its months and a month before its days.
"""

from __future__ import annotations

import re

from .error_detail import reject

_LEAP = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_MONTH_DAY = (
    r"((0[13578]|1[02])(-(0[1-9]|[12][0-9]|3[01]))?|(0[469]|11)(-(0[1-9]|[12][0-9]|30))?|02(-(0[1-9]|1[0-9]|2[0-8]))?)"
)
# One pattern for Python, ECMA-262 (JSON Schema) and Postgres, with the lengths of months and leap years.
PATTERN = rf"^(-?(?!0000)[0-9]{{4}}|(?!0000)([0-9]{{4}}-{_MONTH_DAY}|{_LEAP}-02-29))$"

_partial_date = re.compile(PATTERN)


def normalize(value: str) -> str:
    """Return `value` itself if it is a partial date; reject anything else with ``invalid_date``."""
    if not _partial_date.match(value) or value.endswith("\n"):
        reject(
            "invalid_date",
            "This must be a date: YYYY, YYYY-MM or YYYY-MM-DD (a real day, years 0001 to 9999), or -YYYY for BC.",
        )
    return value


def period(value: str) -> tuple[int, int]:
    """Return the first and the last key in the period of a date.

    >>> period("1990"), period("1990-05"), period("-0044")
    ((19900000, 19909999), (19900500, 19900599), (-440000, -440000))
    """
    if value.startswith("-"):
        key = int(value) * 10000
        return key, key
    year, month, day = [*(int(part) for part in value.split("-")), 0, 0][:3]
    first = year * 10000 + month * 100 + day
    return first, first + (9999 if not month else 99 if not day else 0)
