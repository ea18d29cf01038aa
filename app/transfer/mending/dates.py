"""Dates as files have them, read as far as they are certain."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from schema import SchemaError

from app.values import partial_date

# Months by the beginnings of their names in English, German, French, Spanish, Italian, Portuguese and Dutch.
_MONTHS = """
    jan gen ene=1 feb fév fev=2 mar mär mrz maa=3 apr avr abr=4 may mai mag maj mei=5 jun juin giu=6
    jul juil lug=7 aug août aou ago=8 sep set=9 oct okt ott out=10 nov=11 dec dez déc dic=12
"""
_month_of = {
    name: int(number) for names, number in re.findall(r"((?:[^\W\d]+ ?)+)=(\d+)", _MONTHS) for name in names.split()
}

LONGEST = 200  # characters of what may be a date

_unknown = re.compile(
    r"[\W_]*(n\.? ?d\.?|s\.? ?d\.?|s\.? ?a\.?|o\.? ?j\.?|unknown|none|null|nan|date unknown)?[\W_]*", re.I
)
_year = re.compile(r"(-?)([0-9]{1,4})(?:\.0+)?", re.ASCII)
_before_christ = re.compile(r"([0-9]{1,4})\s*(?:b\.?\s?c\.?(?:\s?e\.?)?|v\.\s?chr\.?|av\.\s?j\.-c\.?)", re.I | re.ASCII)
_iso = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2})(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?)?", re.ASCII)
_compact = re.compile(r"(1[0-9]|20)([0-9]{2})(0[1-9]|1[0-2])([0-3][0-9])", re.ASCII)
_month_and_year = re.compile(r"([0-9]{1,2})[/.-]([0-9]{4})", re.ASCII)
_numeric = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})", re.ASCII)
_worded = re.compile(
    r"(?:(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.|er)?(?:\s+(?:de|of))?\s+)?(?P<month>[^\W\d_]{3,})\.?,?"
    r"(?:\s+(?P<after>[0-9]{1,2})(?:st|nd|rd|th)?\b)?,?(?:\s+de)?\s+(?P<year>[0-9]{4})"
)
_year_first = re.compile(r"(?P<year>[0-9]{4}),?\s+(?P<month>[^\W\d_]{3,})\.?(?:\s+(?P<day>[0-9]{1,2}))?")
_four_digits = re.compile(r"(?<![0-9])([12][0-9]{3})(?![0-9]|'?s\b|er\b)", re.ASCII)  # but no decade: "1990s"
_no_century = re.compile(r"'?(?:[1-9]|[0-9]{2})", re.ASCII)


class Date(NamedTuple):
    """A partial date or None, and the warning that it takes, if any; `date_rewritten` loses nothing."""

    value: str | None
    kind: str | None


@lru_cache(maxsize=1 << 16)
def read(raw: str, *, of_a_life: bool = False) -> Date:
    """What is certain of a date; without a warning where nothing stands there, or one in our own form.

    People lived in the year 65; a book of "65" has lost its century.
    """
    text = raw.strip()
    if len(text) > LONGEST:
        return Date(None, "date_unreadable")
    if not of_a_life and _no_century.fullmatch(text):
        return Date(None, "date_unreadable")
    if _is_valid(text):
        return Date(text, None)
    if _unknown.fullmatch(text) or text.startswith("0101-01-01"):  # the day that Calibre has for "unknown"
        return Date(None, None)
    plain = text.strip("[]() .,;:").lstrip("=").strip('"')
    if match := _year.fullmatch(plain):
        year = int(match[2])
        return Date(_bc(year) if match[1] else f"{year:04}", "date_rewritten") if year else Date(None, None)
    if match := _before_christ.fullmatch(plain):
        return Date(_bc(int(match[1])), "date_rewritten") if int(match[1]) else Date(None, "date_unreadable")
    for pattern, parts in _FORMS:
        if match := pattern.fullmatch(plain):
            return _certain(*parts(match))
    years = _four_digits.findall(plain)
    # Of "1869-1870" or "1999, c1998" the first is taken; two numbers that are far apart would be a guess.
    if years and int(max(years)) - int(min(years)) <= 150:
        return Date(years[0], "date_reduced")
    return Date(None, "date_unreadable")


def _is_valid(text: str) -> bool:
    try:
        partial_date.normalize(text)
    except SchemaError:
        return False
    return True


def _bc(year: int) -> str:
    return f"-{year:04}"


def _certain(year: str, month: int | None, day: int | None) -> Date:
    """The longest part of a date that is a real one."""
    if month is None:
        return Date(year, "date_reduced") if _is_valid(year) else Date(None, "date_unreadable")
    whole = f"{year}-{month:02}" + (f"-{day:02}" if day is not None else "")
    if _is_valid(whole):
        return Date(whole, "date_rewritten")
    for part in (whole[:7], year):
        if _is_valid(part):
            return Date(part, "date_reduced")
    return Date(None, "date_unreadable")


Parts = tuple[str, int | None, int | None]


def _of_iso(match: re.Match[str]) -> Parts:
    return match[1], int(match[2]), int(match[3]) if match[3] else None


def _of_compact(match: re.Match[str]) -> Parts:
    return match[1] + match[2], int(match[3]), int(match[4])


def _of_numeric(match: re.Match[str]) -> Parts:
    """Day and month in an order that nobody says: certain only where one of them cannot be a month, or by the dots."""
    first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
    if mark == "." or first == second or (first > 12 >= second):
        return year, second, first
    return (year, first, second) if second > 12 >= first else (year, None, None)


def _of_month_and_year(match: re.Match[str]) -> Parts:
    return match[2], int(match[1]), None


def _of_words(match: re.Match[str]) -> Parts:
    found = match.groupdict()
    word = found["month"].lower()
    month = next((_month_of[word[:length]] for length in (4, 3) if word[:length] in _month_of), None)
    day = found.get("day") or found.get("after")
    return found["year"], month, int(day) if day and month else None


_FORMS = (
    (_iso, _of_iso),
    (_compact, _of_compact),
    (_month_and_year, _of_month_and_year),
    (_numeric, _of_numeric),
    (_worded, _of_words),
    (_year_first, _of_words),
)


_active = re.compile(r"\b(active|fl\.|flourished)\b", re.I)
_lifetime = re.compile(
    r"(?P<mark>b\.|born|d\.|died|n\.|geb\.)?\s*(?P<first>[0-9]{1,4})?\??(?P<first_bc>\s*b\.?c\.?(?:e\.?)?)?\??\s*"
    r"(?P<dash>[-\u2013])?\s*(?P<second>[0-9]{1,4})?\??(?P<second_bc>\s*b\.?c\.?(?:e\.?)?)?\??\.?,?",
    re.I | re.ASCII,
)


def lifetime(text: str) -> tuple[str | None, str | None]:
    """The years of birth and death in the dates of a heading: "1882-1956.", "1931-", "b. 1931", "-1066", "d. 1804".

    What is uncertain ("ca. 1530", "active 1602") is left out.
    """
    plain = text.strip(" ,.;()")
    match = None if len(plain) > LONGEST or _active.search(plain) else _lifetime.fullmatch(plain)
    if not match:
        return None, None
    first, second = match["first"], match["second"]
    if not (match["first_bc"] or match["second_bc"]) and any(len(year) < 3 for year in (first, second) if year):
        return None, None  # the year 12 is more often half of "1912" than a year
    death_only = (match["mark"] or "").lower() in ("d.", "died")
    # "106-43 B.C." says it once for both.
    first_bc = match["first_bc"] or (match["second_bc"] and first and second and int(first) > int(second))
    born = _life_year(first, bool(first_bc)) if first and not death_only else None
    died = _life_year(second, bool(match["second_bc"])) if second else None
    if death_only and first:
        died = _life_year(first, bool(first_bc))
    if first and not match["dash"] and not match["mark"]:
        return None, None
    return born, died


def _life_year(digits: str, before_christ: bool) -> str | None:
    year = int(digits)
    if not year:
        return None
    return _bc(year) if before_christ else f"{year:04}"
