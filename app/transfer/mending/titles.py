"""Titles as files have them: with the series in brackets, with the punctuation that libraries put between parts."""

from __future__ import annotations

import re
from typing import NamedTuple

_series = re.compile(
    r"(?P<title>.*\S)\s*\((?P<series>[^()#]*[^\s()#,]),?\s*#(?P<place>[0-9]+(?:\.[0-9]+)?)(?P<rest>[^()]*)\)", re.DOTALL
)
_isbd = re.compile(r"[\s/:;=,]+$")
# A full stop that ends a field, but none of an abbreviation, an initial or an ellipsis.
_full_stop = re.compile(r"(?:(?<=[^\W\d_]{3})|(?<=[0-9)\]\"”?!]))\.$")
_abbreviation = re.compile(
    r"\b(?:etc|inc|ltd|llc|esq|dept|corp|bros|ill|vol|pub|univ|assoc|intl|govt|mfg|aug|dec|phd)\.$", re.I
)


class InSeries(NamedTuple):
    """A title, the series that stood in it, and the place; `reduced` if there was more: a second series, a range."""

    title: str
    series: str | None
    place: str | None
    reduced: bool


def with_series(title: str) -> InSeries:
    """The parts of "The Hunger Games (The Hunger Games, #1)", as reading sites write it."""
    match = _series.fullmatch(title) if title.endswith(")") else None
    if not match:
        return InSeries(title, None, None, False)
    # "#1-3" and "#3: Part 2 of 2" have no place that is one number.
    is_place = not match["rest"] or match["rest"].startswith(";")
    return InSeries(match["title"], match["series"], match["place"] if is_place else None, bool(match["rest"]))


def without_isbd(text: str) -> str:
    """Text without the punctuation that ISBD puts before the next part (" /", " :", " ;", ","), or at the end (".")."""
    text = _isbd.sub("", text)
    return text if _abbreviation.search(text) else _full_stop.sub("", text)
