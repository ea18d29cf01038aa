"""Titles as files have them: with the series in brackets, with the punctuation that libraries put between parts."""

from __future__ import annotations

import re
from typing import NamedTuple

_series = re.compile(
    r"(?P<title>.*\S)\s*\((?P<series>[^()#]*[^\s()#,]),?\s*#(?P<place>[0-9]+(?:\.[0-9]+)?)(?P<rest>[^()]*)\)", re.DOTALL
)
_WORDS = (
    r"vol(?:ume|\.)?|v\.|bd\.?|band|book|bk\.?|tome|tomo|t\.|no\.?|nr\.?|n°|number|part|teil|deel|livre|libro|livro"
)
_place = re.compile(
    rf"(?:#|{_WORDS})?\s*(?P<place>[0-9]{{1,6}}(?:[.,][0-9]{{1,6}})?)(?:\s*(?:of|von|de|/)\s*[0-9]+)?\.?",
    re.I | re.ASCII,
)
_series_and_place = re.compile(
    rf"(?P<series>.*[^\s,;:(\[#-])[\s,:-]*(?:#|[;(]\s*#?(?:{_WORDS})?|[\s,;:(-](?:{_WORDS}))\s*"
    r"(?P<place>[0-9]{1,3}(?:[.,][0-9]{1,2})?)\s*[)\]]?",
    re.I,
)
# "New York : Ace Books, 2010", "Scholastic (2008), Edition: 1"
_year_of_imprint = re.compile(r"\s*\((?:c|ca\.?)?\s*[0-9]{4}\).*|,?\s*\[?[cp©]?[0-9]{4}\]?\.?$", re.DOTALL)
_ISBD = "/:;=, \t\r\n\u00a0"
LONGEST = 1_000  # characters of what is searched for parts; nothing longer is stored
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


def place(text: str) -> float | None:
    """The place in a series: "3", "2.5", "#3", "Vol. 3", "3 of 7"; None if it is none, or several ("1-3")."""
    match = _place.fullmatch(text.strip()) if len(text) <= LONGEST else None
    return float(match["place"].replace(",", ".")) if match else None


def series(text: str) -> tuple[str, str | None]:
    """A series, and the place that stands behind its name: "Discworld #3", "Discworld, vol. 3", "Discworld (3)"."""
    plain = without_isbd(text.strip())
    match = _series_and_place.fullmatch(plain) if len(plain) <= LONGEST else None
    return (match["series"], match["place"]) if match else (plain, None)


def publisher(imprint: str) -> str:
    """The publisher of a statement that has place and year, too: "New York : Ace Books, 2010"."""
    if len(imprint) > LONGEST:
        return imprint
    return without_isbd(_year_of_imprint.sub("", imprint.strip()).rpartition(" : ")[2])


def without_isbd(text: str) -> str:
    """Text without the punctuation that ISBD puts before the next part (" /", " :", " ;", ","), or at the end (".")."""
    text = text.rstrip(_ISBD)
    return text if _abbreviation.search(text) else _full_stop.sub("", text)
