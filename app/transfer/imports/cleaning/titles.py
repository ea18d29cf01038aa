"""Parsing titles with a series in brackets, series with positions, and imprints (ISBD)."""

from __future__ import annotations

import re
from typing import NamedTuple

_series = re.compile(
    r"(?P<title>.*\S)\s*\((?P<series>[^()#]*[^\s()#,]),?\s*#(?P<position>[0-9]+(?:\.[0-9]+)?)(?P<rest>[^()]*)\)",
    re.DOTALL,
)
_WORDS = (
    r"vol(?:ume|\.)?|v\.|bd\.?|band|book|bk\.?|tome|tomo|t\.|no\.?|nr\.?|n°|number|part|teil|deel|livre|libro|livro"
)
_position = re.compile(
    rf"(?:#|{_WORDS})?\s*(?P<position>[0-9]{{1,6}}(?:[.,][0-9]{{1,6}})?)(?:\s*(?:of|von|de|/)\s*[0-9]+)?\.?",
    re.I | re.ASCII,
)
_series_and_position = re.compile(
    rf"(?P<series>.*[^\s,;:(\[#-])[\s,:-]*(?:#|[;(]\s*#?(?:{_WORDS})?|[\s,;:(-](?:{_WORDS}))\s*"
    r"(?P<position>[0-9]{1,3}(?:[.,][0-9]{1,2})?)\s*[)\]]?",
    re.I,
)
# "New York : Ace Books, 2010", "Scholastic (2008), Edition: 1"
_year_of_imprint = re.compile(r"\s*\((?:c|ca\.?)?\s*[0-9]{4}\).*|,?\s*\[?[cp©]?[0-9]{4}\]?\.?$", re.DOTALL)
_ISBD = "/:;=, \t\r\n\u00a0"
_MAX_LENGTH = 1_000  # characters; longer text is not parsed, because it could not be stored
# A full stop at the end of a field, except after an abbreviation, an initial or an ellipsis.
_full_stop = re.compile(r"(?:(?<=[^\W\d_]{3})|(?<=[0-9)\]\"”?!]))\.$")
_abbreviation = re.compile(
    r"\b(?:etc|inc|ltd|llc|esq|dept|corp|bros|ill|vol|pub|univ|assoc|intl|govt|mfg|aug|dec|phd)\.$", re.I
)


class SplitTitle(NamedTuple):
    """A title, and the series that was part of it."""

    title: str
    series: str | None
    position: str | None
    reduced: bool  # whether a second series or a range of positions was left out


def split_series(title: str) -> SplitTitle:
    """Split a title from its series: "The Hunger Games (The Hunger Games, #1)"."""
    match = _series.fullmatch(title) if title.endswith(")") else None
    if not match:
        return SplitTitle(title, None, None, False)
    # "#1-3" and "#3: Part 2 of 2" are not a single position.
    is_position = not match["rest"] or match["rest"].startswith(";")
    return SplitTitle(match["title"], match["series"], match["position"] if is_position else None, bool(match["rest"]))


def parse_position(text: str) -> float | None:
    """Return the position in a series: "3", "2.5", "#3", "Vol. 3", "3 of 7".

    None if there is no position, or a range ("1-3").
    """
    match = _position.fullmatch(text.strip()) if len(text) <= _MAX_LENGTH else None
    return float(match["position"].replace(",", ".")) if match else None


def parse_series(text: str) -> tuple[str, str | None]:
    """Split a series from the position after its name: "Discworld #3", "Discworld, vol. 3"."""
    plain = strip_isbd(text.strip())
    match = _series_and_position.fullmatch(plain) if len(plain) <= _MAX_LENGTH else None
    return (match["series"], match["position"]) if match else (plain, None)


def parse_publisher(imprint: str) -> str:
    """Return the publisher in an imprint: "New York : Ace Books, 2010"."""
    if len(imprint) > _MAX_LENGTH:
        return imprint
    return strip_isbd(_year_of_imprint.sub("", imprint.strip()).rpartition(" : ")[2])


def strip_isbd(text: str) -> str:
    """Strip the punctuation that ISBD puts before the next part, and a final full stop."""
    text = text.rstrip(_ISBD)
    return text if _abbreviation.search(text) else _full_stop.sub("", text)
