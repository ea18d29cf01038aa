"""Titles, series, positions and imprints."""

from __future__ import annotations

import pytest

from app.transfer.imports.cleaning import titles


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("The Hunger Games (The Hunger Games, #1)", ("The Hunger Games", "The Hunger Games", "1", False)),
        ("I, Robot (Robot #0.1)", ("I, Robot", "Robot", "0.1", False)),
        (
            "The Color of Magic (Discworld, #1; Rincewind #1)",
            ("The Color of Magic", "Discworld", "1", True),
        ),
        ("The Lord of the Rings (The Lord of the Rings, #1-3)", (*2 * ("The Lord of the Rings",), None, True)),
        ("Stories (1990-1999)", ("Stories (1990-1999)", None, None, False)),
        ("Nothing", ("Nothing", None, None, False)),
    ],
)
def test_split_series_separates_title_and_series(written, parts):
    assert titles.split_series(written) == parts


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Paul Scholes :", "Paul Scholes"),
        ("the biography /", "the biography"),
        ("Constitutional law.", "Constitutional law"),
        ("Harper & Co.", "Harper & Co."),
        ("Tiffany Inc.", "Tiffany Inc."),
        ("Wait ...", "Wait ..."),
        ("2010.", "2010"),
    ],
)
def test_strip_isbd_cuts_off_punctuation(written, plain):
    assert titles.strip_isbd(written) == plain


@pytest.mark.parametrize(
    ("written", "name", "place"),
    [
        ("Discworld", "Discworld", None),
        ("Discworld #3", "Discworld", "3"),
        ("Discworld, #3", "Discworld", "3"),
        ("The Art of Computer Programming, vol. 1", "The Art of Computer Programming", "1"),
        ("Living in Our World, Vol. 1", "Living in Our World", "1"),
        ("Die Chroniken Band 5", "Die Chroniken", "5"),
        ("Discworld (3)", "Discworld", "3"),
        ("Discworld (Book 3)", "Discworld", "3"),
        ("Napoleonic library ; 12", "Napoleonic library", "12"),
        ("Discworld #2.5", "Discworld", "2.5"),
        ("Napoleonic library ;", "Napoleonic library", None),
        ("NATO ASI series.", "NATO ASI series", None),
        ("Series 8", "Series 8", None),
        ("Area 51", "Area 51", None),
        ("Catch-22", "Catch-22", None),
        ("Bibliothek 1900-1950", "Bibliothek 1900-1950", None),
        ("#3", "#3", None),
    ],
)
def test_parse_series_separates_series_and_position(written, name, place):
    assert titles.parse_series(written) == (name, place)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("3", 3.0),
        ("2,5", 2.5),
        ("#3", 3.0),
        ("Vol. 3", 3.0),
        ("Band 3", 3.0),
        ("3 of 7", 3.0),
        ("1-3", None),
        ("VI", None),
    ],
)
def test_parse_position_returns_one_number(written, place):
    assert titles.parse_position(written) == place


@pytest.mark.parametrize(
    ("imprint", "publisher"),
    [
        ("New York : Ace Books, 2010.", "Ace Books"),
        ("Penguin Classics (2001), Edition: 1", "Penguin Classics"),
        ("Scholastic, c2008", "Scholastic"),
        ("Fischer Taschenbuch", "Fischer Taschenbuch"),
    ],
)
def test_parse_publisher_returns_the_publisher_of_an_imprint(imprint, publisher):
    assert titles.parse_publisher(imprint) == publisher
