"""ISBNs of known books, and with every single digit wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.values import isbn
from app.values.error_detail import detail_in

# The two forms of a number, as printed on books.
KNOWN = [
    ("0-441-47812-3", "978-0-441-47812-5"),
    ("0-306-40615-2", "978-0-306-40615-7"),
    ("0-8044-2957-X", "978-0-8044-2957-3"),
    ("3-16-148410-X", "978-3-16-148410-0"),
    ("0-19-853453-1", "978-0-19-853453-2"),
    ("0-618-00221-9", "978-0-618-00221-4"),
    ("0-7475-3269-9", "978-0-7475-3269-9"),
    ("1-86197-271-7", "978-1-86197-271-2"),
    ("99921-58-10-7", "978-99921-58-10-4"),
    ("9971-5-0210-0", "978-9971-5-0210-2"),
    ("960-425-059-0", "978-960-425-059-2"),
    ("85-359-0277-5", "978-85-359-0277-8"),
    ("0-9752298-0-X", "978-0-9752298-0-4"),
    ("80-902734-1-6", "978-80-902734-1-2"),
    ("0-85131-041-9", "978-0-85131-041-1"),
]
ONLY_13 = ["979-10-90636-07-1", "979-8-6024-0545-3", "979-12-200-0852-5"]

nine_digits = st.text("0123456789", min_size=9, max_size=9)


def refused(text: str) -> str:
    """The code with which an ISBN is refused."""
    with pytest.raises(SchemaError) as error:
        isbn.normalize(text)
    return detail_in(error.value).code


@pytest.mark.parametrize(("ten", "thirteen"), KNOWN)
def test_both_forms_of_an_isbn_are_the_same_number(ten: str, thirteen: str) -> None:
    digits = thirteen.replace("-", "")
    for text in (ten, thirteen, ten.replace("-", ""), digits, ten.lower(), ten.replace("-", " "), f" {thirteen} "):
        assert isbn.normalize(text) == digits


@pytest.mark.parametrize("text", ONLY_13)
def test_an_isbn_with_979_has_only_13_digits(text: str) -> None:
    assert isbn.normalize(text) == text.replace("-", "")


@pytest.mark.parametrize("separator", ["-", " ", "\u2010", "\u2011", "\u2012", "\u2013", "\u2212", "\u00a0", " - "])
def test_any_hyphen_or_space_may_separate_the_digits(separator: str) -> None:
    assert isbn.normalize(separator.join("0441478123")) == "9780441478125"


@pytest.mark.parametrize(("ten", "thirteen"), KNOWN)
def test_a_wrong_digit_is_detected(ten: str, thirteen: str) -> None:
    for right in (ten.replace("-", ""), thirteen.replace("-", "")):
        for index, digit in enumerate(right):
            for other in "0123456789X" if (len(right), index) == (10, 9) else "0123456789":
                if other != digit:
                    assert refused(right[:index] + other + right[index + 1 :]) == "invalid_isbn"


@pytest.mark.parametrize("ten", [ten for ten, _ in KNOWN])
def test_swapped_neighbours_are_detected_in_ten_digits(ten: str) -> None:
    digits = ten.replace("-", "")
    for index in range(8):
        if digits[index] != digits[index + 1]:
            assert refused(digits[:index] + digits[index + 1] + digits[index] + digits[index + 2 :]) == "invalid_isbn"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "X",
        "044147812",
        "04414781233",
        "978044147812",
        "97804414781255",
        "9770441478125",
        "9800441478125",
        "044147812X3",
        "X441478123",
        "٠٤٤١٤٧٨١٢٣",
        "9780441478125\0",
        "978_0441478125",
        "ISBN 9780441478125",
        "+9780441478125",
        "97804414781２5",
        "9.78e12",
        "978044147812X",
        "²" * 10,
    ],
)
def test_a_bad_isbn_is_refused(text: str) -> None:
    assert refused(text) == "invalid_isbn"


@given(nine_digits)
def test_ten_digits_become_thirteen(nine: str) -> None:
    ten = nine + isbn.check_digit_10(nine)
    thirteen = isbn.normalize(ten)
    assert thirteen == isbn.to_13(ten)
    assert thirteen.startswith(f"978{nine}")
    assert sum(int(digit) * (1, 3)[index % 2] for index, digit in enumerate(thirteen)) % 10 == 0
    values = [10 if digit == "X" else int(digit) for digit in ten]
    assert sum(value * (10 - index) for index, value in enumerate(values)) % 11 == 0


@given(st.text())
def test_any_text_is_an_isbn_or_refused(text: str) -> None:
    try:
        read = isbn.normalize(text)
    except SchemaError as error:
        code = detail_in(error).code
        assert code == "invalid_isbn"
    else:
        assert isbn.normalize(read) == read


@given(nine_digits, st.sampled_from(["978", "979"]))
def test_a_stored_isbn_is_read_as_itself(nine: str, prefix: str) -> None:
    digits = prefix + nine + isbn.check_digit_13(prefix + nine)
    assert isbn.normalize(digits) == digits
