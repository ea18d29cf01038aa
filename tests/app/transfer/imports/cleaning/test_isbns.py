"""ISBNs in the forms that files have them in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.transfer.imports.cleaning import isbns
from app.values import isbn


@pytest.mark.parametrize(
    ("written", "right", "kinds", "wrong"),
    [
        ("9780441478125", ["9780441478125"], [], []),
        ("0-441-47812-3", ["9780441478125"], [], []),
        ("978 0 441 47812 5", ["9780441478125"], [], []),
        ("ISBN: 0441478123", ["9780441478125"], [], []),
        ("043965548x", ["9780439655484"], [], []),
        ('="0439023483"', ["9780439023481"], [], []),
        ('=""', [], [], []),
        ("", [], [], []),
        ("[0439023483]", ["9780439023481"], [], []),
        ("0439023483 (pbk.)", ["9780439023481"], [], []),
        ("9780441478125 (v. 2)", ["9780441478125"], [], []),
        ("0439023483, 9780439023481", ["9780439023481"], [], []),
        ("0439023483; 0441478123", ["9780439023481", "9780441478125"], [], []),
        ("439023483", ["9780439023481"], ["isbn_padded"], []),
        ("7442912", ["9780007442911"], ["isbn_padded"], []),
        ("9.78043902348e+12", [], ["isbn_rounded"], []),
        ("9,78E+12", [], ["isbn_rounded"], []),
        ("0439023484", [], ["isbn_wrong"], ["0439023484"]),
        ("9780441478126", [], ["isbn_wrong"], ["9780441478126"]),
        ("4006381333931", [], ["isbn_wrong"], ["4006381333931"]),
        ("no idea", [], ["isbn_wrong"], ["no idea"]),
    ],
)
def test_parse_isbns_finds_numbers_among_other_text(written, right, kinds, wrong):
    assert isbns.parse_isbns(written) == (right, kinds, wrong)


@given(st.integers(0, 10**9 - 1), st.sampled_from("0123456789X"))
def test_ten_digits_are_validated_as_by_the_catalog(number, check):
    ten = f"{number:09}{check}"
    try:
        right = [isbn.normalize(ten)]
    except SchemaError:
        right = []
    assert isbns.parse_isbns(ten).valid == right


@given(st.sampled_from(("978", "979")), st.integers(0, 10**10 - 1))
def test_thirteen_digits_are_validated_as_by_the_catalog(prefix, number):
    thirteen = f"{prefix}{number:010}"
    try:
        right = [isbn.normalize(thirteen)]
    except SchemaError:
        right = []
    assert isbns.parse_isbns(thirteen).valid == right
