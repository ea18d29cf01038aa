"""Partial dates: valid days, periods, and the same order as in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.values import partial_date
from app.values.error_detail import detail_in
from tests.support.databases import connect

dates = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat)
partial_dates = st.one_of(
    dates,
    dates.map(lambda day: day[:7]),
    dates.map(lambda day: day[:4]),
    st.integers(1, 9999).map(lambda year: f"-{year:04}"),
)


@pytest.mark.parametrize("century", [1, 301, 1501, 1601, 1801, 1901, 2001, 9901])
def test_the_days_of_the_calendar_are_accepted(century: int) -> None:
    day = date(century, 1, 1)
    while day.year < century + 98:
        assert partial_date.normalize(day.isoformat()) == day.isoformat()
        day += timedelta(1)
    for year in range(century, century + 98):
        for month in range(14):
            for number in (0, 29, 30, 31, 32):
                text = f"{year:04}-{month:02}-{number:02}"
                assert accepts(text) == is_day(text), text


@pytest.mark.parametrize("year", [4, 100, 400, 1600, 1700, 1800, 1900, 1996, 2000, 2023, 2024, 2100, 9996, 9999])
def test_february_has_29_days_only_in_leap_years(year: int) -> None:
    assert accepts(f"{year:04}-02-29") == (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))


@pytest.mark.parametrize("text", ["0001", "9999", "1990", "1990-01", "1990-12", "-0001", "-9999", "-0044"])
def test_years_and_months_are_accepted(text: str) -> None:
    assert partial_date.normalize(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000",
        "-0000",
        "0000-01",
        "0000-01-01",
        "990",
        "19900",
        "10000",
        "90",
        "1990-",
        "1990-5",
        "1990-00",
        "1990-13",
        "1990-05-",
        "1990-05-0",
        "1990-05-00",
        "1990-05-32",
        "1990-5-1",
        "1990-02-29",
        "-0044-03",
        "-0044-03-15",
        "+1990",
        " 1990",
        "1990 ",
        "1990\n",
        "1990-05\n",
        "19900517",
        "1990/05/17",
        "1990-W01-1",
        "1990-137",
        "1990-05-17T00:00:00",
        "١٩٩٠",
        "199０",
        "-44",
        "-00044",
        "--1990",
        "unknown",
        "1990?",
        "c. 1990",
        "1990-05-17Z",
        "１990-05",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(SchemaError) as error:
        partial_date.normalize(text)
    assert detail_in(error.value).code == "invalid_date"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1990", 19900000, 19909999),
        ("1990-05", 19900500, 19900599),
        ("1990-05-17", 19900517, 19900517),
        ("0001", 10000, 19999),
        ("9999-12-31", 99991231, 99991231),
        ("-0044", -440000, -440000),
        ("-9999", -99990000, -99990000),
    ],
)
def test_a_partial_date_has_a_period(text: str, first: int, last: int) -> None:
    assert partial_date.period(text) == (first, last)


@given(partial_dates, partial_dates)
def test_a_date_lies_within_the_dates_that_begin_it(inner: str, outer: str) -> None:
    low, high = partial_date.period(outer)
    assert (low <= partial_date.period(inner)[0] <= high) == (inner == outer or inner.startswith(f"{outer}-"))


@given(dates, dates)
def test_days_are_ordered_by_the_calendar(first: str, second: str) -> None:
    assert (partial_date.period(first) < partial_date.period(second)) == (first < second)


@given(st.lists(partial_dates, max_size=8))
def test_a_period_begins_before_its_parts(several: list[str]) -> None:
    for text in several:
        for shorter in (text[:4], text[:7]) if not text.startswith("-") else ():
            assert partial_date.period(shorter)[0] <= partial_date.period(text)[0] <= partial_date.period(shorter)[1]


@given(st.text())
def test_any_text_is_kept_or_refused(text: str) -> None:
    try:
        assert partial_date.normalize(text) == text
    except SchemaError as error:
        code = detail_in(error).code
        assert code == "invalid_date"


@pytest.fixture(scope="module")
def key_of(database_url: str) -> Iterator[Callable[[list[str]], list[int | None]]]:
    """Compute sort keys with the function of the database."""
    connection = connect(database_url)

    def compute(texts: list[str]) -> list[int | None]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT partial_date_key(value) FROM unnest(%s::text[]) WITH ORDINALITY AS t(value, place)"
                " ORDER BY place",
                (texts,),
            )
            return [key for (key,) in cursor.fetchall()]

    yield compute
    connection.close()


def test_the_database_computes_the_same_keys(key_of: Callable[[list[str]], list[int | None]]) -> None:
    texts = [f"{sign}{year:04}" for year in (0, 1, 44, 400, 1900, 1999, 2000, 2024, 9999) for sign in ("", "-")]
    texts += [f"{year:04}-{month:02}" for year in (0, 1, 1900, 2000, 2023, 9999) for month in range(14)]
    texts += [
        f"{year:04}-{month:02}-{day:02}"
        for year in (0, 4, 100, 400, 1900, 2000, 2023, 2024, 9999)
        for month in range(14)
        for day in range(34)
    ]
    texts += [
        "",
        "x",
        "1990 ",
        " 1990",
        "1990\n",
        "19900517",
        "-0044-03",
        "+1990",
        "١٩٩٠",
        "1990-5",
        "10000",
        "-44",
        "1990-",
    ]
    expected = [partial_date.period(text)[0] if accepts(text) else None for text in texts]
    assert [pair for pair in zip(texts, key_of(texts), expected, strict=True) if pair[1] != pair[2]] == []


@given(
    st.one_of(
        partial_dates,
        st.text("0123456789-", max_size=12),
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12),
    )
)
def test_the_database_accepts_the_same_dates(key_of: Callable[[list[str]], list[int | None]], text: str) -> None:
    assert key_of([text]) == [partial_date.period(text)[0] if accepts(text) else None]


def accepts(text: str) -> bool:
    try:
        partial_date.normalize(text)
    except SchemaError:
        return False
    return True


def is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
