"""Mending, value by value: what is certain is kept, and each warning has its kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.transfer.mending import KINDS, dates, isbns, languages, names, roles, texts, titles
from app.values import isbn, text


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
def test_a_date_is_read_as_far_as_it_is_certain(written, value, kind):
    assert dates.read(written) == (value, kind)


@pytest.mark.parametrize(("year", "value"), [("65", "0065"), ("-70", "-0070"), ("1965", "1965")])
def test_the_year_of_a_life_may_have_two_digits(year, value):
    assert dates.read(year, of_a_life=True).value == value


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
def test_the_dates_of_a_heading_are_years_of_birth_and_death(written, born, died):
    assert dates.lifetime(written) == (born, died)


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
def test_isbns_are_found_in_what_is_around_them(written, right, kinds, wrong):
    assert isbns.read(written) == (right, kinds, wrong)


@given(st.integers(0, 10**9 - 1), st.sampled_from("0123456789X"))
def test_ten_digits_are_judged_and_turned_as_the_catalog_does(number, check):
    ten = f"{number:09}{check}"
    try:
        right = [isbn.normalize(ten)]
    except SchemaError:
        right = []
    assert isbns.read(ten).right == right


@given(st.sampled_from(("978", "979")), st.integers(0, 10**10 - 1))
def test_thirteen_digits_are_judged_as_the_catalog_does(prefix, number):
    thirteen = f"{prefix}{number:010}"
    try:
        right = [isbn.normalize(thirteen)]
    except SchemaError:
        right = []
    assert isbns.read(thirteen).right == right


@pytest.mark.parametrize(
    ("written", "value", "kind"),
    [
        ("en", "en", None),
        ("eng", "en", None),
        ("English", "en", None),
        ("PT-br", "pt-BR", None),
        ("en_US", "en-US", None),
        ("fre", "fr", None),
        ("fra", "fr", None),
        ("gla", "gd", None),
        ("grc", "grc", None),
        ("enm", "enm", None),
        ("zh-Hant", "zh-Hant", None),
        ("", None, None),
        ("und", None, None),
        ("mul", None, None),
        ("en/fr", "en", "language_reduced"),
        ("English, French", "en", "language_reduced"),
        ("freengger", "fr", "language_reduced"),
        ("Klingon", None, "language_unknown"),
    ],
)
def test_a_language_is_a_tag(written, value, kind):
    assert languages.read(written) == (value, kind)


@pytest.mark.parametrize(
    ("heading", "name", "sort_name", "born", "died", "others"),
    [
        ("Sophocles", "Sophocles", None, None, None, ()),
        ("Carroll, Lewis", "Lewis Carroll", "Carroll, Lewis", None, None, ()),
        (
            "Milne, A. A. (Alan Alexander), 1882-1956.",
            "A. A. Milne",
            "Milne, A. A. (Alan Alexander)",
            "1882",
            "1956",
            ("Alan Alexander Milne",),
        ),
        ("Smith, Joseph, Jr.", "Joseph Smith Jr.", "Smith, Joseph, Jr.", None, None, ()),
        ("Tolstoy, Leo, graf", "Leo Tolstoy", "Tolstoy, Leo, graf", None, None, ()),
        ("Beauvoir, Simone de", "Simone de Beauvoir", "Beauvoir, Simone de", None, None, ()),
        ("Tennyson, Alfred Tennyson, Baron", "Alfred Tennyson", "Tennyson, Alfred Tennyson, Baron", None, None, ()),
        ("Ward, Humphry, Mrs.", "Mrs. Humphry Ward", "Ward, Humphry, Mrs.", None, None, ()),
        ("Thomas, à Kempis", "Thomas à Kempis", "Thomas, à Kempis", None, None, ()),
        ("Pliny, the Younger", "Pliny the Younger", "Pliny, the Younger", None, None, ()),
        ("Sunzi, active 6th century B.C.", "Sunzi", None, None, None, ()),
        ("Henry VIII, King of England", "Henry VIII, King of England", None, None, None, ()),
        ("Prévost, abbé", "Prévost, abbé", None, None, None, ()),
        ("United States. Army, Corps", "United States. Army, Corps", None, None, None, ()),
        ("United States", "United States", "United States", None, None, ()),
        (*2 * ("Library Association (Schoolcraft, Mich.)",), None, None, None, ()),
        ("Durand, l'Abbé (Durand, Édouard)", "Durand l'Abbé", "Durand, l'Abbé (Durand, Édouard)", None, None, ()),
        ("Martin Luther King, Jr.", "Martin Luther King Jr.", None, None, None, ()),
        ("Doe, Jane, Ph.D.", "Jane Doe Ph.D.", "Doe, Jane, Ph.D.", None, None, ()),
        ("Marquis, Don", "Don Marquis", "Marquis, Don", None, None, ()),
        ("魯迅, 1881-1936", "魯迅", None, "1881", "1936", ()),
    ],
)
def test_a_filed_name_is_turned_where_it_is_a_persons(heading, name, sort_name, born, died, others):
    assert names.filed(heading) == (name, sort_name, born, died, others)


@pytest.mark.parametrize(
    ("written", "name", "role"),
    [
        ("Constance Garnett [translator]", "Constance Garnett", "translator"),
        ("Carol Thompson (Editor, Illustrator)", "Carol Thompson", "Editor"),
        ("Messenger, Norman, ill.", "Messenger, Norman", "ill."),
        ("Smith, John, ed", "Smith, John", "ed"),
        ("Asner, Ed", "Asner, Ed", None),
        ("Plantin Press (Antwerp)", "Plantin Press (Antwerp)", None),
        ("translated by Emily Wilson", "Emily Wilson", "translated"),
        ("Hrsg. von Max Brod", "Max Brod", "Hrsg."),
        ("by Jane Austen", "Jane Austen", None),
        ("Neil Gaiman (Goodreads Author)", "Neil Gaiman", "Goodreads Author"),
        ("Maria von Trapp", "Maria von Trapp", None),
    ],
)
def test_a_role_beside_a_name_is_told_from_it(written, name, role):
    assert names.with_role(written) == (name, role)


@pytest.mark.parametrize("name", ["Various", "Anonymous", "et al.", "[Unknown]", "ANON.", "Various Authors"])
def test_some_words_name_nobody(name):
    assert names.is_nobody(name)


@pytest.mark.parametrize("name", ["Various Wells", "Anon Smith", "Homer", "Al"])
def test_other_words_name_somebody(name):
    assert not names.is_nobody(name)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("King, Stephen", ["King, Stephen"]),
        ("Milne, A. A., 1882-1956", ["Milne, A. A., 1882-1956"]),
        ("Neil Gaiman, Terry Pratchett", ["Neil Gaiman", "Terry Pratchett"]),
        ("Ann Lee, Bob Ray, and Cy Fox", ["Ann Lee", "Bob Ray", "Cy Fox"]),
        ("King, Stephen; Straub, Peter", ["King, Stephen", "Straub, Peter"]),
        ("Terry Pratchett & Neil Gaiman", ["Terry Pratchett", "Neil Gaiman"]),
        ("Simon & Schuster", ["Simon & Schuster"]),
        ("Martin Luther King, Jr.", ["Martin Luther King, Jr."]),
        ("Pratchett, Terry & Gaiman, Neil", ["Pratchett, Terry", "Gaiman, Neil"]),
        ("Pratchett, Terry, Gaiman, Neil", ["Pratchett, Terry", "Gaiman, Neil"]),
        ("Smith, J., Jones, K. & Brown, L.", ["Smith, J.", "Jones, K.", "Brown, L."]),
        ("Tolstoy, Leo, graf", ["Tolstoy, Leo, graf"]),
        ("Tennyson, Alfred Tennyson, Baron", ["Tennyson, Alfred Tennyson, Baron"]),
        ("Sagan, Fran&ccedil;oise; Tom &amp; Jerry", ["Sagan, Fran&ccedil;oise", "Tom &amp; Jerry"]),
        ("Terry Pratchett &amp; Neil Gaiman", ["Terry Pratchett", "Neil Gaiman"]),
        ("J. R. R. Tolkien et al.", ["J. R. R. Tolkien", "et al."]),
        ("Ann Lee, Bob Ray, et al.", ["Ann Lee", "Bob Ray", "et al."]),
        ("Stephen King [and others]", ["Stephen King", "et al."]),
        ("et al.", ["et al."]),
        ("", []),
        (" ", []),
    ],
)
def test_the_names_of_a_cell_are_told_apart(cell, found):
    assert names.of_cell(cell, None) == found


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
def test_the_series_in_a_title_is_taken_out(written, parts):
    assert titles.with_series(written) == parts


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
def test_the_punctuation_between_parts_is_cut_off(written, plain):
    assert titles.without_isbd(written) == plain


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("aut", "author"),
        ("author.", "author"),
        ("trl", "translator"),
        ("ill.", "illustrator"),
        ("Hrsg.", "editor"),
        ("http://id.loc.gov/vocabulary/relators/edt", "editor"),
        ("cll", "compiler"),
        ("writer of introduction", "introduction"),
        ("issuing body.", "contributor"),
        ("former owner.", ""),
        ("prt", ""),
        ("auhor.", None),
    ],
)
def test_a_relator_is_a_role_or_none_of_the_books(word, role):
    assert roles.of(word) == role


@pytest.mark.parametrize(
    ("written", "mended", "kinds"),
    [
        ("plain", "plain", []),
        ("AT&T", "AT&T", []),
        ("Q&A; more", "Q&A; more", []),
        ("Tom &amp; Jerry", "Tom & Jerry", ["entities"]),
        ("Tom &amp;amp; Jerry", "Tom & Jerry", ["entities"]),
        ("d&#8217;Arc", "d’Arc", ["entities"]),
        ("The \x9cuvre \x97 a life", "The œuvre — a life", ["characters"]),
        ("a\x00b\u202ec", "abc", ["characters"]),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "café", ["encoding"]),
        ("caf\ufffd", "caf\ufffd", ["replaced_characters"]),
    ],
)
def test_text_is_mended_and_each_mend_has_its_kind(written, mended, kinds):
    assert texts.mended(written) == (mended, kinds)
    assert set(kinds) <= KINDS.keys()


@given(st.text(min_size=1))
def test_a_line_that_looks_clean_is_what_would_be_stored(value):
    if texts.is_clean(value):
        assert text.line(value) == value


@given(st.text(st.characters(max_codepoint=0x3100), min_size=1) | st.text("a &amp;é\n\r\u2028"))
def test_text_that_looks_clean_is_what_would_be_stored(value):
    if texts.is_clean(value):
        assert text.line(value) == value
    if texts.is_clean_text(value):
        assert text.paragraphs(value) == value


@given(st.text(max_size=30))
def test_mended_text_holds_nothing_harmful(value):
    mended, _ = texts.mended(value)
    if texts.shows(mended):
        assert text.paragraphs(mended)


def names_of_cell(value):
    return names.of_cell(value, None)


MENDING = (
    *(dates.read, dates.lifetime, isbns.read, languages.read, texts.mended, texts.without_markup),
    *(names.filed, names_of_cell, names.with_role),
    *(titles.with_series, titles.series, titles.place, titles.publisher, titles.without_isbd),
)


@pytest.mark.parametrize("read", MENDING)
@given(value=st.text())
def test_mending_fails_on_nothing(read, value):
    read(value)


@pytest.mark.parametrize("read", MENDING)
@pytest.mark.parametrize("piece", [" ", "-", "(", ", ", "; ", "&", "<b ", "1 ", " and ", "a.", "\n"])
def test_a_cell_of_a_megabyte_does_not_hold_mending_up(read, piece):
    read("a" + piece * (1_000_000 // len(piece)) + "a")


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
def test_the_place_behind_a_series_is_told_from_it(written, name, place):
    assert titles.series(written) == (name, place)


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
def test_a_place_in_a_series_is_one_number(written, place):
    assert titles.place(written) == place


@pytest.mark.parametrize(
    ("imprint", "publisher"),
    [
        ("New York : Ace Books, 2010.", "Ace Books"),
        ("Penguin Classics (2001), Edition: 1", "Penguin Classics"),
        ("Scholastic, c2008", "Scholastic"),
        ("Fischer Taschenbuch", "Fischer Taschenbuch"),
    ],
)
def test_the_publisher_is_taken_from_an_imprint(imprint, publisher):
    assert titles.publisher(imprint) == publisher


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<div><p>One &amp; two.</p><p>Three</p></div>", "One &amp; two.\n\nThree"),
        ("One<br/>two<br>three", "One\ntwo\nthree"),
        ("<b>Bold</b> and <a href='x'>linked</a>", "Bold and linked"),
    ],
)
def test_markup_becomes_text(written, text):
    assert texts.has_markup(written)
    assert texts.without_markup(written) == text


@pytest.mark.parametrize("written", ["a < b > c", "x <y> z", "1 <2", "plain"])
def test_what_is_no_markup_stays(written):
    assert not texts.has_markup(written)
