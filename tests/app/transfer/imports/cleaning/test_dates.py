"""Partial dates and life dates."""

from __future__ import annotations

import pytest

from app.transfer.imports.cleaning import dates


@pytest.mark.parametrize(
    ("written", "value", "kind"),
    [
        ("1969", "1969", None),
        ("1969-03", "1969-03", None),
        ("1969-03-05", "1969-03-05", None),
        ("-0044", "-0044", None),
        ("", None, None),
        ("n.d.", None, None),
        ("[s.d.]", None, None),
        ("0", None, None),
        ("0101-01-01T00:00:00+00:00", None, None),
        ("2008.0", "2008", "date_rewritten"),
        ("-720.0", "-0720", "date_rewritten"),
        ("-38", "-0038", "date_rewritten"),
        ("354", "0354", "date_rewritten"),
        ("44 B.C.", "-0044", "date_rewritten"),
        ("44 v. Chr.", "-0044", "date_rewritten"),
        ("[1999]", "1999", "date_rewritten"),
        ("1999.", "1999", "date_rewritten"),
        ("March 1999", "1999-03", "date_rewritten"),
        ("Mar. 1999", "1999-03", "date_rewritten"),
        ("Sept 2001", "2001-09", "date_rewritten"),
        ("July 2, 1999", "1999-07-02", "date_rewritten"),
        ("March 5th, 1999", "1999-03-05", "date_rewritten"),
        ("2 July 1999", "1999-07-02", "date_rewritten"),
        ("2. Juli 1999", "1999-07-02", "date_rewritten"),
        ("12 de marzo de 1999", "1999-03-12", "date_rewritten"),
        ("août 1944", "1944-08", "date_rewritten"),
        ("1999 Mar 5", "1999-03-05", "date_rewritten"),
        ("2009/05/12", "2009-05-12", "date_rewritten"),
        ("1999-3-5", "1999-03-05", "date_rewritten"),
        ("1999-03-05T00:00:00Z", "1999-03-05", "date_rewritten"),
        ("19980704", "1998-07-04", "date_rewritten"),
        ("31.12.2000", "2000-12-31", "date_rewritten"),
        ("12/31/2000", "2000-12-31", "date_rewritten"),
        ("31/12/2000", "2000-12-31", "date_rewritten"),
        ("3/3/2000", "2000-03-03", "date_rewritten"),
        ("03/04/2000", "2000", "date_reduced"),  # April or March
        ("07/1997", "1997-07", "date_rewritten"),
        ("7.1997", "1997-07", "date_rewritten"),
        ("13/1997", "1997", "date_reduced"),
        ("97", None, "date_unreadable"),
        ("1", None, "date_unreadable"),
        ("'97", None, "date_unreadable"),
        ("1990s", None, "date_unreadable"),
        ("1990er Jahre", None, "date_unreadable"),
        ("199?", None, "date_unreadable"),
        ("11/31/2000", "2000-11", "date_reduced"),
        ("Feb. 30, 2001", "2001-02", "date_reduced"),
        ("c1985", "1985", "date_reduced"),
        ("©2001", "2001", "date_reduced"),
        ("ca. 1985", "1985", "date_reduced"),
        ("[1999?]", "1999", "date_reduced"),
        ("1869-1870", "1869", "date_reduced"),
        ("1999, c1998", "1999", "date_reduced"),
        ("Winter 1999", "1999", "date_reduced"),
        ("19--", None, "date_unreadable"),
        ("18th century", None, "date_unreadable"),
        ("99999", None, "date_unreadable"),
        ("1 January 0000", None, "date_unreadable"),
        ("from 1066 to 1999", None, "date_unreadable"),
        ("soon", None, "date_unreadable"),
    ],
)
def test_parse_date_returns_the_certain_part(written, value, kind):
    assert dates.parse_date(written) == (value, kind)


@pytest.mark.parametrize(("year", "value"), [("65", "0065"), ("-70", "-0070"), ("1965", "1965")])
def test_years_of_a_life_may_have_two_digits(year, value):
    assert dates.parse_date(year, of_a_life=True).value == value


@pytest.mark.parametrize(
    ("written", "born", "died"),
    [
        ("1882-1956.", "1882", "1956"),
        ("1931-", "1931", None),
        ("1954-,", "1954", None),
        ("b. 1931", "1931", None),
        ("d. 1804", None, "1804"),
        ("-1066", None, "1066"),
        ("354-430", "0354", "0430"),
        ("106-43 B.C.", "-0106", "-0043"),
        ("63 B.C.-14", "-0063", "0014"),
        ("1225?-1274", "1225", "1274"),
        ("active 1602", None, None),
        ("ca. 1530-1590", None, None),
        ("16th cent.", None, None),
        ("1801", None, None),
    ],
)
def test_parse_life_dates_returns_years_of_birth_and_death(written, born, died):
    assert dates.parse_life_dates(written) == (born, died)
