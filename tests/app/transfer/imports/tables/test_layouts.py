"""Layouts: the exports that people have, and our own."""

from __future__ import annotations

import pytest

from app.transfer.imports.tables.layouts import LAYOUTS
from app.transfer.records import PreparedContributor, SourceKey
from tests import ROOT
from tests.app.transfer.conftest import read_file

EXPORTS = {
    "goodreads": (
        "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Publisher,Number of Pages,"
        "Year Published,Original Publication Year,Bookshelves,Exclusive Shelf\n"
        '2767052,"The Hunger Games (The Hunger Games, #1)",Suzanne Collins,"Collins, Suzanne",'
        '"Jane Doe, John Roe","=""0439023483""","=""9780439023481""",5,Scholastic Press,374,2008,2008,,read\n',
        {
            "title": "The Hunger Games",
            "series": "The Hunger Games",
            "series_position": 1.0,
            "isbn": "9780439023481",
            "publisher": "Scholastic Press",
            "page_count": 374,
            "published": "2008",
            "identifiers": {"goodreads": ["2767052"]},
        },
        [
            PreparedContributor("Suzanne Collins"),
            PreparedContributor("Jane Doe"),
            PreparedContributor("John Roe"),
        ],
    ),
    "librarything": (
        "Book Id\tTitle\tPrimary Author\tPrimary Author Role\tSecondary Author\tSecondary Author Roles\tPublication\t"
        "Date\tPage Count\tLanguages\tISBN\tISBNs\tTags\tWork id\n"
        "77\tAnna Karenina\tTolstoy, Leo\t\tGarnett, Constance|Smith, Jo\tTranslator|Narrator\t"
        "Penguin Classics (2001), Edition: 1\t2001\t864\tEnglish\t[0143035002]\t0143035002, 9780143035008\t"
        "novel, Russia\t3211\n",
        {
            "title": "Anna Karenina",
            "publisher": "Penguin Classics",
            "published": "2001",
            "page_count": 864,
            "language": "en",
            "isbn": "9780143035008",
            "subjects": ["novel", "Russia"],
            "identifiers": {"librarything_work": ["3211"], "librarything": ["77"]},
        },
        [
            PreparedContributor("Leo Tolstoy", sort_name="Tolstoy, Leo"),
            PreparedContributor("Constance Garnett", "translator", sort_name="Garnett, Constance"),
            PreparedContributor("Jo Smith", "narrator", sort_name="Smith, Jo"),
        ],
    ),
    "goodbooks": (
        "book_id,goodreads_book_id,work_id,isbn,isbn13,authors,original_publication_year,original_title,title,"
        "language_code,work_text_reviews_count,image_url\n"
        '1,2767052,2792775,439023483,9.78043902348e+12,"Suzanne Collins, Anonymous",-720.0,x,'
        '"The Hunger Games (The Hunger Games, #1)",eng,3,https://images.example/1.jpg\n',
        {
            "title": "The Hunger Games",
            "series": "The Hunger Games",
            "series_position": 1.0,
            "isbn": "9780439023481",
            "published": "-0720",
            "language": "en",
            "cover_url": "https://images.example/1.jpg",
            "identifiers": {"goodreads_work": ["2792775"], "goodreads": ["2767052"]},
        },
        [PreparedContributor("Suzanne Collins")],
    ),
    "bookcrossing": (
        '"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Publisher";"Image-URL-S";"Image-URL-M";"Image-URL-L"\n'
        '"0195153448";"Dancing with \\"Mister D\\" &amp; Co";"Mark P. O. Morford";"0";"Oxford University Press";'
        '"http://i.example/s.jpg";"http://i.example/m.jpg";"http://i.example/l.jpg"\n',
        {
            "isbn": "9780195153446",
            "title": 'Dancing with "Mister D" & Co',
            "publisher": "Oxford University Press",
            "cover_url": "http://i.example/l.jpg",
        },
        [PreparedContributor("Mark P. O. Morford")],
    ),
    "gutenberg-catalog": (
        "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves\n"
        '1727,Text,1999-04-01,The Odyssey,en,"Homer, 751? BCE-651? BCE; Butler, Samuel, 1835-1902 [Translator]",'
        '"Epic poetry, Greek; Odysseus, King of Ithaca","PA; D",\n',
        {
            "title": "The Odyssey",
            "language": "en",
            "subjects": ["Epic poetry, Greek", "Odysseus, King of Ithaca"],
            "identifiers": {"lcc": ["PA", "D"], "gutenberg": ["1727"]},
        },
        [
            PreparedContributor("Homer", birth_date="-0751", death_date="-0651"),
            PreparedContributor("Samuel Butler", "translator", None, None, "Butler, Samuel", "1835", "1902"),
        ],
    ),
    "calibre": (
        "author_sort,authors,comments,identifiers,isbn,languages,pubdate,publisher,series,series_index,tags,title,uuid\n"
        '"Gaiman, Neil & Pratchett, Terry",Neil Gaiman & Terry Pratchett,<p>Funny.</p>,'
        '"isbn:9780060853983,goodreads:12067,google:x",9780060853983,eng,2006-11-28T00:00:00+00:00,'
        'HarperTorch,,1.0,"Humor, Fantasy",Good Omens,'
        "0b7a1b0e-0000-4000-8000-000000000001\n",
        {
            "title": "Good Omens",
            "isbn": "9780060853983",
            "identifiers": {
                "goodreads": ["12067"],
                "google": ["x"],
                "calibre": ["0b7a1b0e-0000-4000-8000-000000000001"],
            },
            "language": "en",
            "published": "2006-11-28",
            "publisher": "HarperTorch",
            "subjects": ["Humor", "Fantasy"],
            "description": "Funny.",
        },
        [PreparedContributor("Neil Gaiman"), PreparedContributor("Terry Pratchett")],
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_other_programs_are_known(read, name):
    content, values, contributors = EXPORTS[name]
    result = read(content)
    assert result.detected.columns.layout.name == name
    assert result.only.values == values
    assert result.only.contributors == contributors


def test_every_layout_has_a_test():
    tested = {*EXPORTS, "gutenberg", "gutenberg-authors", "gutenberg-subjects"}
    assert {layout.name for layout in LAYOUTS} == tested


def test_rows_of_one_book_are_one_record(read):
    result = read(
        "gutenberg_id,title,author,gutenberg_author_id,language,gutenberg_bookshelf,rights,has_text\n"
        '20,Two Fellows,"Adam, Paul",6384,fr/en,,,\n20,Two Fellows,"Adam, Paul",5,fr/en,,,\n'
        "41,A Collection,Various,116,en,,,\n42,,,,en,,,\n"
    )
    two, collection = result.prepared
    assert (two.key, two.rows, two.number) == (SourceKey("gutenberg", "20"), 2, 2)
    assert [contributor.key for contributor in two.contributors] == [
        SourceKey("gutenberg", "6384"),
        SourceKey("gutenberg", "5"),
    ]
    assert {contributor.name for contributor in two.contributors} == {"Paul Adam"}
    assert (collection.contributors, collection.warnings[0].code) == ([], "no_person")
    assert [rejected.number for rejected in result.rejected] == [5]
    assert (result.counts.rows, result.counts.read) == (4, 3)


def test_authors_and_subjects_of_gutenberg_are_known(read):
    result = read(
        "gutenberg_author_id,author,alias,birthdate,deathdate,wikipedia,aliases\n"
        '7,"Carroll, Lewis",,1832,-12,https://en.example/a|https://fr.example/b,'
        '"Dodgson, Charles Lutwidge/Carroll, Lewis"\n116,Various,,,,,\n'
    )
    assert result.only.values == {
        "name": "Lewis Carroll",
        "sort_name": "Carroll, Lewis",
        "birth_date": "1832",
        "death_date": "-0012",
        "alternate_names": ["Dodgson, Charles Lutwidge", "Carroll, Lewis"],
        "identifiers": {"wikipedia": ["https://en.example/a", "https://fr.example/b"], "gutenberg": ["7"]},
    }
    assert [skipped.reason for skipped in result.skipped] == ["no person"]
    result = read("gutenberg_id,subject_type,subject\n1,lcsh,Law\n1,lcc,E201\n1,lcsh,War\n2,lcsh,Art\n")
    first, second = result.prepared
    assert (first.adds, first.key, first.rows) == (True, SourceKey("gutenberg", "1"), 3)
    assert first.values == {"subjects": ["Law", "War"], "identifiers": {"lcc": ["E201"], "gutenberg": ["1"]}}
    assert second.values["subjects"] == ["Art"]


def test_our_own_columns_are_read_as_they_are_written(read):
    result = read(
        "title,isbn,language,page_count,series_position,subjects,identifiers,authors\n"
        '"A, B",0-441-47812-3,PT-br,304,1.5,"x; y;z\\;1","openlibrary:OL1M;isbn:0439023483",'
        '"Le Guin, Ursula K.;Constance Garnett [translator];Karen Joy Fowler [introduction as K. J. Fowler]"\n'
    )
    assert result.only.values == {
        "title": "A, B",
        "isbn": "9780441478125",
        "language": "pt-BR",
        "page_count": 304,
        "series_position": 1.5,
        "subjects": ["x", "y", "z;1"],
        "identifiers": {"openlibrary": ["OL1M"], "isbn": ["9780439023481"]},
    }
    assert result.only.contributors == [
        PreparedContributor("Le Guin, Ursula K."),
        PreparedContributor("Constance Garnett", "translator"),
        PreparedContributor("Karen Joy Fowler", "introduction", None, "K. J. Fowler"),
    ]
    assert result.only.warnings == []


def test_the_sample_catalog_needs_no_cleaning():
    for name, rows in (("authors", 296), ("books", 214)):
        result = read_file(ROOT / f"app/cli/sample/{name}.csv")
        assert (result.counts.prepared, result.counts.rejected, result.counts.warnings) == (rows, 0, {})
