"""Names of people: headings, roles, lists, and placeholders."""

from __future__ import annotations

import pytest

from app.transfer.imports.cleaning import names


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
def test_parse_heading_inverts_names_of_persons(heading, name, sort_name, born, died, others):
    assert names.parse_heading(heading) == (name, sort_name, born, died, others)


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
def test_split_role_separates_name_and_role(written, name, role):
    assert names.split_role(written) == (name, role)


@pytest.mark.parametrize("name", ["Various", "Anonymous", "et al.", "[Unknown]", "ANON.", "Various Authors"])
def test_a_word_for_no_person_is_a_placeholder(name):
    assert names.is_placeholder(name)


@pytest.mark.parametrize("name", ["Various Wells", "Anon Smith", "Homer", "Al"])
def test_other_words_name_a_person(name):
    assert not names.is_placeholder(name)


@pytest.mark.parametrize(
    ("cell", "result"),
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
def test_split_names_separates_the_names_of_a_cell(cell, result):
    assert names.split_names(cell, None) == result
