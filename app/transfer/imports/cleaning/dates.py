"""Parsing dates of many forms into partial dates."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from schema import SchemaError

from app.values import partial_date

# The first letters of month names in English, German, French, Spanish, Italian, Portuguese and Dutch.
_MONTHS = """
    jan gen ene=1 feb fév fev=2 mar mär mrz maa=3 apr avr abr=4 may mai mag maj mei=5 jun juin giu=6
    jul juil lug=7 aug août aou ago=8 sep set=9 oct okt ott out=10 nov=11 dec dez déc dic=12
"""
_month_of = {
    name: int(number) for names, number in re.findall(r"((?:[^\W\d]+ ?)+)=(\d+)", _MONTHS) for name in names.split()
}

_MAX_LENGTH = 200  # characters; longer text is not a date

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
_four_digits = re.compile(r"(?<![0-9])([12][0-9]{3})(?![0-9]|'?s\b|er\b)", re.ASCII)  # but not decades: "1990s"
_no_century = re.compile(r"'?(?:[1-9]|[0-9]{2})", re.ASCII)


class CleanedDate(NamedTuple):
    """A partial date or None, and the code of its warning, if any."""

    value: str | None
    warning: str | None  # "date_rewritten" loses nothing; the others do


@lru_cache(maxsize=1 << 16)
def parse_date(raw: str, *, of_a_life: bool = False) -> CleanedDate:
    """Return the certain part of a date: a partial date, or None.

    Text that means "unknown" or is in stored form has no warning. `of_a_life` allows years of one or two digits: a
    person may have lived in the year 65, but a book dated "65" lacks its century.
    """
    text = raw.strip()
    if len(text) > _MAX_LENGTH:
        return CleanedDate(None, "date_unreadable")
    if not of_a_life and _no_century.fullmatch(text):
        return CleanedDate(None, "date_unreadable")
    if _is_valid(text):
        return CleanedDate(text, None)
    if _unknown.fullmatch(text) or text.startswith("0101-01-01"):  # Calibre's date for "unknown"
        return CleanedDate(None, None)
    plain = text.strip("[]() .,;:").lstrip("=").strip('"')
    if match := _year.fullmatch(plain):
        year = int(match[2])
        if not year:
            return CleanedDate(None, None)
        return CleanedDate(_bc(year) if match[1] else f"{year:04}", "date_rewritten")
    if match := _before_christ.fullmatch(plain):
        year = int(match[1])
        return CleanedDate(_bc(year), "date_rewritten") if year else CleanedDate(None, "date_unreadable")
    for pattern, parts in _FORMS:
        if match := pattern.fullmatch(plain):
            return _longest_valid(*parts(match))
    years = _four_digits.findall(plain)
    # "1869-1870" and "1999, c1998" give the first year. Years far apart do not belong to one date.
    if years and int(max(years)) - int(min(years)) <= 150:
        return CleanedDate(years[0], "date_reduced")
    return CleanedDate(None, "date_unreadable")


def _is_valid(text: str) -> bool:
    try:
        partial_date.normalize(text)
    except SchemaError:
        return False
    return True


def _bc(year: int) -> str:
    return f"-{year:04}"


def _longest_valid(year: str, month: int | None, day: int | None) -> CleanedDate:
    """Return the longest valid part of a date: for 31 November, the month."""
    if month is None:
        return CleanedDate(year, "date_reduced") if _is_valid(year) else CleanedDate(None, "date_unreadable")
    whole = f"{year}-{month:02}" + (f"-{day:02}" if day is not None else "")
    if _is_valid(whole):
        return CleanedDate(whole, "date_rewritten")
    for part in (whole[:7], year):
        if _is_valid(part):
            return CleanedDate(part, "date_reduced")
    return CleanedDate(None, "date_unreadable")


_Parts = tuple[str, int | None, int | None]  # year, month, day


def _iso_parts(match: re.Match[str]) -> _Parts:
    return match[1], int(match[2]), int(match[3]) if match[3] else None


def _compact_parts(match: re.Match[str]) -> _Parts:
    return match[1] + match[2], int(match[3]), int(match[4])


def _numeric_parts(match: re.Match[str]) -> _Parts:
    """Return the parts of a date in which day and month may be swapped.

    The order is certain if one of them cannot be a month, or if they are separated by dots (day first).
    """
    first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
    if mark == "." or first == second or (first > 12 >= second):
        return year, second, first
    return (year, first, second) if second > 12 >= first else (year, None, None)


def _month_and_year_parts(match: re.Match[str]) -> _Parts:
    return match[2], int(match[1]), None


def _worded_parts(match: re.Match[str]) -> _Parts:
    groups = match.groupdict()
    word = groups["month"].lower()
    month = next((_month_of[word[:length]] for length in (4, 3) if word[:length] in _month_of), None)
    day = groups.get("day") or groups.get("after")
    return groups["year"], month, int(day) if day and month else None


_FORMS = (
    (_iso, _iso_parts),
    (_compact, _compact_parts),
    (_month_and_year, _month_and_year_parts),
    (_numeric, _numeric_parts),
    (_worded, _worded_parts),
    (_year_first, _worded_parts),
)


_active = re.compile(r"\b(active|fl\.|flourished)\b", re.I)
_lifetime = re.compile(
    r"(?P<mark>b\.|born|d\.|died|n\.|geb\.)?\s*(?P<first>[0-9]{1,4})?\??(?P<first_bc>\s*b\.?c\.?(?:e\.?)?)?\??\s*"
    r"(?P<dash>[-\u2013])?\s*(?P<second>[0-9]{1,4})?\??(?P<second_bc>\s*b\.?c\.?(?:e\.?)?)?\??\.?,?",
    re.I | re.ASCII,
)


def parse_life_dates(text: str) -> tuple[str | None, str | None]:
    """Return the years of birth and death from the dates of a library heading.

    Forms: "1882-1956.", "1931-", "b. 1931", "-1066", "d. 1804". Uncertain years ("ca. 1530", "active 1602") are
    ignored.
    """
    plain = text.strip(" ,.;()")
    match = None if len(plain) > _MAX_LENGTH or _active.search(plain) else _lifetime.fullmatch(plain)
    if not match:
        return None, None
    first, second = match["first"], match["second"]
    if not (match["first_bc"] or match["second_bc"]) and any(len(year) < 3 for year in (first, second) if year):
        return None, None  # "12" is more often half of "1912" than a year
    death_only = (match["mark"] or "").lower() in ("d.", "died")
    # In "106-43 B.C.", "B.C." applies to both years.
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
