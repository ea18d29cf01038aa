"""Every cleaning function copes with any text, of any length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.transfer.imports.cleaning import dates, isbns, languages, names, texts, titles


def names_of_cell(value):
    return names.split_names(value, None)


FUNCTIONS = (
    *(
        dates.parse_date,
        dates.parse_life_dates,
        isbns.parse_isbns,
        languages.parse_language,
        texts.clean_text,
        texts.strip_markup,
    ),
    *(names.parse_heading, names_of_cell, names.split_role),
    *(titles.split_series, titles.parse_series, titles.parse_position, titles.parse_publisher, titles.strip_isbd),
)


@pytest.mark.parametrize("read", FUNCTIONS)
@given(value=st.text())
def test_cleaning_raises_nothing(read, value):
    read(value)


@pytest.mark.parametrize("read", FUNCTIONS)
@pytest.mark.parametrize("piece", [" ", "-", "(", ", ", "; ", "&", "<b ", "1 ", " and ", "a.", "\n"])
def test_cleaning_copes_with_a_cell_of_a_megabyte(read, piece):
    read("a" + piece * (1_000_000 // len(piece)) + "a")
