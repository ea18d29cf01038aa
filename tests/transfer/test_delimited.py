"""CSV and TSV: dialects, encodings, headers that people have, broken rows."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.books.schemas import BOOKS
from app.transfer import intake
from app.transfer.readers.headers import PLAIN
from app.transfer.readers.layouts import LAYOUTS, folded
from app.transfer.records import RESOURCES, Contributor, Key, Skipped
from app.values import cell
from tests.conftest import ROOT

from .conftest import read_file


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_line_ends_are_guessed(read, mark, end):
    rows = [["title", "publisher", "year"], ["One; two, three", "A | B", "1999"], ['The "quoted"', "C\tD", "2001"]]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=mark, lineterminator=end).writerows(rows)
    found = read(buffer.getvalue())
    assert found.guess.dialect.delimiter == mark
    assert [one.values["title"] for one in found.prepared] == ["One; two, three", 'The "quoted"']
    assert [one.values["published"] for one in found.prepared] == ["1999", "2001"]


@pytest.mark.parametrize(
    ("encoding", "guessed"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_guessed(read, encoding, guessed):
    found = read("title,publisher\nL’œuvre “noire” – été,Gallimard\n".encode(encoding))
    assert found.guess.encoding == guessed
    assert found.only.values == {"title": "L’œuvre “noire” – été", "publisher": "Gallimard"}


def test_an_encoding_and_a_delimiter_can_be_said(read):
    content = "title:publisher\nВойна и мир:АСТ\n".encode("cp1251")
    found = read(content, encoding="windows-1251", delimiter=":")
    assert found.only.values == {"title": "Война и мир", "publisher": "АСТ"}


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"encoding": "klingon"}, "no encoding 'klingon'"),
        ({"delimiter": "ab"}, "one character"),
        ({"format": "xlsx"}, "no format 'xlsx'"),
        ({"mapping": {"titel": "title"}}, "Did you mean title"),
        ({"mapping": {"title": "titles"}}, "Did you mean title"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(read, wish, words):
    with pytest.raises(intake.Unreadable, match=words):
        read("title,year\nA,1999\n", **wish)


def test_a_stray_byte_is_read_as_windows_1252_and_counted(read):
    content = b"title,publisher\n" + "Été,A\n".encode() * 40_000 + b"\xc9t\xe9,B\n"
    found = read(content)
    assert found.prepared[-1].values["title"] == "Été"
    assert found.counts.mends == {"encoding": 1}


def test_quotes_hold_line_breaks_and_places_are_first_lines(read):
    found = read('title,year\n"One\nline",1999\n\nTwo,2000\n"Three\r\nfour\nfive",2001\nSix,x\n')
    assert [(one.place, one.values["title"]) for one in found.prepared] == [
        (2, "One line"),
        (5, "Two"),
        (6, "Three four five"),
        (9, "Six"),
    ]


def test_broken_rows_are_told_from_the_good_ones_around_them(read):
    found = read('title,year\nOne,1999\n"Two,2000\nThree,2001\nFour\nFive,2002,x\nSix,2003,\n"a" b,2004\nSeven,2005\n')
    assert [(one.place, one.values["title"]) for one in found.prepared] == [
        (2, "One"),
        (4, "Three"),
        (7, "Six"),
        (9, "Seven"),
    ]
    assert [one.place for one in found.rejected] == [3, 5, 6, 8]
    assert "quotes" in found.rejected[0].flaws[0].reason
    assert "1 cells" in found.rejected[1].flaws[0].reason


def test_half_of_the_rows_may_be_broken(read):
    rows = [f"Book {n},1999" if n % 2 else f'"Book {n},1999' for n in range(5000)]
    found = read("title,year\n" + "\n".join(rows))
    shown = {one.original[0] for one in found.rejected} | {one.values["title"] for one in found.prepared}
    assert all(any(f"Book {n}" in text for text in shown) for n in range(0, 5000, 500))
    lines = sum(str(one.original).count("Book ") for one in found.outcomes)
    assert lines == 5000


def test_quotes_in_unquoted_tsv_are_letters(read):
    found = read('title\tyear\n"Hello" he said\t1999\n"Goodbye\t2000\n')
    assert [one.values["title"] for one in found.prepared] == ['"Hello" he said', '"Goodbye']


def test_nul_bytes_are_left_out_and_counted(read):
    found = read("title,publisher\nA\0 book,B\nC,D\n")
    assert [one.values["title"] for one in found.prepared] == ["A book", "C"]
    assert found.counts.mends == {"characters": 1}


def test_a_header_alone_is_a_file_without_records(read):
    assert read("title,isbn\n").counts.read == 0


def test_columns_that_nobody_knows_are_reported_and_a_title_is_needed(read):
    found = read("Book-Title,Shelf mark,Shelf mark\nA,x,y\n", mapping={"title": "Book-Title"})
    assert found.only.values == {"title": "A"}
    assert str(found.guess) == ("comma-separated, UTF-8, books; title=Book-Title; not used: Shelf mark, Shelf mark")
    with pytest.raises(intake.Unreadable, match=r"reads: Werk, Jahr\. If one of them .* --map 'title=ITS NAME'"):
        read("Werk,Jahr\nA,1999\n")


def test_of_several_columns_for_a_field_the_most_precise_one_that_holds_something_counts(read):
    found = read("title,publication date,year\nA,1999-03,2001\n")
    assert found.only.values == {"title": "A", "published": "1999-03"}
    assert "published=publication date|year" in str(found.guess)
    found = read("title,publication date,year,date\nA,,2001,2024-05-01\n")
    assert found.only.values == {"title": "A", "published": "2001"}
    assert found.guess.columns.notes == ("date could be published, too; publication date is taken",)


def test_our_own_columns_are_read_as_they_are_written(read):
    found = read(
        "title,isbn,language,page_count,series_position,subjects,identifiers,authors\n"
        '"A, B",0-441-47812-3,PT-br,304,1.5,"x; y;z\\;1","openlibrary:OL1M;isbn:0439023483",'
        '"Le Guin, Ursula K.;Constance Garnett [translator];Karen Joy Fowler [introduction as K. J. Fowler]"\n'
    )
    assert found.only.values == {
        "title": "A, B",
        "isbn": "9780441478125",
        "language": "pt-BR",
        "page_count": 304,
        "series_position": 1.5,
        "subjects": ["x", "y", "z;1"],
        "identifiers": {"openlibrary": ["OL1M"], "isbn": ["9780439023481"]},
    }
    assert found.only.contributors == [
        Contributor("Le Guin, Ursula K."),
        Contributor("Constance Garnett", "translator"),
        Contributor("Karen Joy Fowler", "introduction", None, "K. J. Fowler"),
    ]
    assert found.only.mends == []


@given(st.lists(st.text(min_size=1).filter(lambda item: item.strip() == item)))
def test_a_cell_holds_what_was_put_into_it(values):
    assert cell.split(cell.join(values)) == values


def test_the_sample_catalog_needs_no_mending():
    for name, rows in (("authors", 296), ("books", 214)):
        found = read_file(ROOT / f"app/sample/{name}.csv")
        assert (found.counts.prepared, found.counts.rejected, found.counts.mends) == (rows, 0, {})


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
            Contributor("Suzanne Collins"),
            Contributor("Jane Doe"),
            Contributor("John Roe"),
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
            Contributor("Leo Tolstoy", sort_name="Tolstoy, Leo"),
            Contributor("Constance Garnett", "translator", sort_name="Garnett, Constance"),
            Contributor("Jo Smith", "narrator", sort_name="Smith, Jo"),
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
        [Contributor("Suzanne Collins")],
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
        [Contributor("Mark P. O. Morford")],
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
            Contributor("Homer", birth_date="-0751", death_date="-0651"),
            Contributor("Samuel Butler", "translator", None, None, "Butler, Samuel", "1835", "1902"),
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
        [Contributor("Neil Gaiman"), Contributor("Terry Pratchett")],
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_the_exports_that_people_have_are_known(read, name):
    content, values, contributors = EXPORTS[name]
    found = read(content)
    assert found.guess.columns.layout.name == name
    assert found.only.values == values
    assert found.only.contributors == contributors


def test_every_layout_of_a_spreadsheet_has_a_test():
    tested = {*EXPORTS, "gutenberg", "gutenberg-authors", "gutenberg-subjects"}
    assert {layout.name for layout in LAYOUTS} == tested


def test_rows_of_one_book_are_one_record_with_its_authors_in_order(read):
    found = read(
        "gutenberg_id,title,author,gutenberg_author_id,language,gutenberg_bookshelf,rights,has_text\n"
        '20,Two Fellows,"Adam, Paul",6384,fr/en,,,\n20,Two Fellows,"Adam, Paul",5,fr/en,,,\n'
        "41,A Collection,Various,116,en,,,\n42,,,,en,,,\n"
    )
    two, collection = found.prepared
    assert (two.key, two.rows, two.place) == (Key("gutenberg", "20"), 2, 2)
    assert [one.key for one in two.contributors] == [Key("gutenberg", "6384"), Key("gutenberg", "5")]
    assert {one.name for one in two.contributors} == {"Paul Adam"}
    assert (collection.contributors, collection.mends[0].kind) == ([], "no_person")
    assert [one.place for one in found.rejected] == [5]
    assert (found.counts.rows, found.counts.read) == (4, 3)


def test_people_and_subjects_of_gutenberg_are_known(read):
    found = read(
        "gutenberg_author_id,author,alias,birthdate,deathdate,wikipedia,aliases\n"
        '7,"Carroll, Lewis",,1832,-12,https://en.example/a|https://fr.example/b,'
        '"Dodgson, Charles Lutwidge/Carroll, Lewis"\n116,Various,,,,,\n'
    )
    assert found.only.values == {
        "name": "Lewis Carroll",
        "sort_name": "Carroll, Lewis",
        "birth_date": "1832",
        "death_date": "-0012",
        "alternate_names": ["Dodgson, Charles Lutwidge", "Carroll, Lewis"],
        "identifiers": {"wikipedia": ["https://en.example/a", "https://fr.example/b"], "gutenberg": ["7"]},
    }
    assert [one.reason for one in found.skipped] == ["no person"]
    found = read("gutenberg_id,subject_type,subject\n1,lcsh,Law\n1,lcc,E201\n1,lcsh,War\n2,lcsh,Art\n")
    first, second = found.prepared
    assert (first.adds, first.key, first.rows) == (True, Key("gutenberg", "1"), 3)
    assert first.values == {"subjects": ["Law", "War"], "identifiers": {"lcc": ["E201"], "gutenberg": ["1"]}}
    assert second.values["subjects"] == ["Art"]


def test_a_source_that_is_named_keeps_the_ids(read):
    content = "no,title\n17,A\n"
    found = read(content, mapping={"key": "no"}, source="shop")
    assert (found.only.key, found.only.values["identifiers"]) == (Key("shop", "17"), {"shop": ["17"]})


def test_a_row_without_any_id_has_a_digest_of_its_own_and_of_its_source(read):
    content = "title,publisher,isbn\nA,B,\nA,C,\nD,E,9780441478125\n"
    first, second, third = read(content).prepared
    again = read(content).prepared
    elsewhere = read(content, source="shop").prepared
    assert len({first.digest, second.digest, elsewhere[0].digest}) == 3
    assert (
        [one.digest for one in again]
        == [first.digest, second.digest, ""]
        == [first.digest, second.digest, third.digest]
    )


@pytest.mark.parametrize(
    ("column", "cell", "values"),
    [
        ("published", "soon", {"identifiers": {"original.published": ["soon"]}}),
        ("published", "c1985", {"published": "1985", "identifiers": {"original.published": ["c1985"]}}),
        ("isbn", "0439023484", {"identifiers": {"original.isbn": ["0439023484"]}}),
        ("language", "en/fr", {"language": "en", "identifiers": {"original.language": ["en/fr"]}}),
        ("page_count", "many", {"identifiers": {"original.page_count": ["many"]}}),
        ("page_count", '"xv, 239 p."', {"page_count": 239}),
        ("page_count", '"1,024"', {"page_count": 1024}),
        ("page_count", "0", {}),
        ("series_position", "1-3", {"identifiers": {"original.series_position": ["1-3"]}}),
        ("cover_url", "cover.jpg", {"identifiers": {"original.cover_url": ["cover.jpg"]}}),
        ("subjects", "x;x; y", {"subjects": ["x", "y"]}),
        ("subjects", "x" * 501 + ";y", {"subjects": ["y"]}),
        ("description", '"One\r\n\r\nTwo  three"', {"description": "One\n\nTwo  three"}),
        ("subtitle", "a  b", {"subtitle": "a b"}),
        ("subtitle", " ", {}),
        ("subtitle", "\u200b", {}),
    ],
)
def test_what_is_certain_is_kept_and_so_is_what_was_there(read, column, cell, values):
    assert read(f"title,{column}\nA,{cell}\n").only.values == {"title": "A", **values}


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [
        ("title", "", "title"),
        ("title", "\u200b", "title"),
        ("title", "x" * 4001, "title"),
        ("subtitle", "x" * 1001, "subtitle"),
        ("identifiers", "Not A Scheme:1", "identifiers/Not A Scheme"),
        ("authors", "A" * 1001, "authors"),
        ("authors", ";".join(f"A{n}" for n in range(201)), "authors"),
    ],
)
def test_a_row_that_breaks_a_rule_is_rejected_with_field_and_reason(read, column, cell, field):
    row = {"title": "A", column: cell}
    found = read(f"{','.join(row)},publisher\n{','.join(row.values())},Ace\n")
    [rejected] = found.rejected
    assert [(flaw.field, bool(flaw.reason)) for flaw in rejected.flaws] == [(field, True)]
    assert rejected.place == 2


@pytest.mark.parametrize("kind", PLAIN)
def test_every_field_is_known_by_its_name(kind):
    fields = {name for name, field in RESOURCES[kind].fields.items() if not field.read_only}
    assert {folded(name) for name in fields} <= PLAIN[kind].columns.keys()


def test_every_field_of_a_book_can_be_a_column(read):
    fields = [name for name, field in BOOKS.fields.items() if not field.read_only]
    found = read(",".join(fields) + "\n" + ",".join("x" for _ in fields) + "\n")
    assert [target for _, target in found.guess.columns.targets] == fields
    assert found.counts.mends.keys().isdisjoint({"unknown_member"})


CELL = st.text(st.sampled_from('ab"\\;,\n\r\t é\0\u2028&') | st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.lists(CELL, max_size=4), max_size=20), st.sampled_from(",;\t|"))
def test_whatever_a_csv_writer_writes_is_read_row_by_row(tmp_path_factory, rows, mark):
    file = tmp_path_factory.mktemp("csv") / "file.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=mark).writerows([["title", "subtitle"], *rows])
    found = read_file(file, format="csv", delimiter=mark, encoding="utf-8")
    with file.open(encoding="utf-8", newline="") as stream:
        there = [cells for cells in csv.reader(stream, delimiter=mark) if cells][1:]
    assert found.counts.read == len(there)


@given(st.binary(max_size=2000))
def test_whatever_bytes_follow_a_header_nothing_fails_and_nothing_is_lost(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("csv") / "file.csv"
    file.write_bytes(b"title,subtitle,publisher\n" + content)
    try:
        found = read_file(file, format="csv", delimiter=",", encoding="latin-1")
    except intake.Unreadable:
        return
    text = content.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    letters = sum(line.count("a") + line.count("\xe9") for line in text)
    kept = sum(_letters(one.original) for one in found.outcomes if not isinstance(one, Skipped))
    assert kept == letters


def _letters(original) -> int:
    cells_ = original if isinstance(original, list) else [original]
    return sum(cell.count("a") + cell.count("\xe9") for cell in cells_)


HEADERS = {
    "german": (
        "Buchtitel;Untertitel;Autor/in;Übersetzer/in;Verlag;Erscheinungsjahr;Erscheinungsdatum;Seitenzahl;Reihe;Band;"
        "Schlagwörter;Sprache;Preis;\n"
        'Dune;Der Wüstenplanet;"Herbert, Frank";Ronald M. Hahn;Heyne;2001;11.2001;1.024;Dune;1;SF, Wüste;Deutsch;9 €;\n'
    ),
    "french": (
        "Titre;Sous-titre;Auteur(s);Traducteur;Editeur;Date de parution;Année;Nb pages;Série;Tome;Mots-clés;Langue\n"
        'Dune;Der Wüstenplanet;Frank Herbert;Ronald M. Hahn;Heyne;nov. 2001;2001;1 024;Dune;1;"SF, Wüste";allemand\n'
    ),
    "spanish": (
        "Título del libro;Subtítulo;Autor(es);Traductor;Editorial;Año;Fecha de publicación;Nº de páginas;Serie;Número;"
        "Etiquetas;Idioma\n"
        'Dune;Der Wüstenplanet;Herbert, Frank;Ronald M. Hahn;Heyne;2001;11/2001;1024;Dune;1;"SF|Wüste";Alemán\n'
    ),
}


@pytest.mark.parametrize("language", HEADERS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_headers_are_known_in_the_languages_that_people_write_them_in(read, language, encoding):
    found = read(HEADERS[language].replace("\n", "\r\n").encode(encoding))
    assert {name: value for name, value in found.only.values.items() if name != "identifiers"} == {
        "title": "Dune",
        "subtitle": "Der Wüstenplanet",
        "publisher": "Heyne",
        "published": "2001-11",
        "page_count": 1024,
        "series": "Dune",
        "series_position": 1.0,
        "subjects": ["SF", "Wüste"],
        "language": "de",
    }
    assert [(one.name, one.role) for one in found.only.contributors] == [
        ("Frank Herbert", "author"),
        ("Ronald M. Hahn", "translator"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        'Title,Author 1,Author 2\nA,Ann Lee,"Ray, Bob"\n',
        "Title,Author1,Author2\nA,Ann Lee,Bob Ray\n",
        "Title,Author,Author\nA,Ann Lee,Bob Ray\n",
        'Title,Author(s)\nA,"Lee, Ann & Ray, Bob"\n',
        'Name,Author,Year\nA,"Ann Lee, Bob Ray",\n',
        "Book,Authors,Author (Last, First)\nA,Ann Lee|Bob Ray,\n".replace("(Last, First)", "[Last/First]"),
    ],
)
def test_several_authors_are_found_wherever_they_stand(read, content):
    found = read(content)
    assert [one.name for one in found.only.contributors] == ["Ann Lee", "Bob Ray"]
    assert found.only.values["title"] == "A"


def test_an_authors_names_may_stand_in_two_columns(read):
    found = read("Title,First Name,Last Name\nA,Ursula K.,Le Guin\nB,,Plato\n")
    assert [one.contributors[0].name for one in found.prepared] == ["Ursula K. Le Guin", "Plato"]


def test_a_role_beside_a_name_goes_before_that_of_the_column(read):
    found = read("Title,Author,Contributors\nA,Homer; translated by Emily Wilson,Simon Vance (Narrator)\n")
    assert [(one.name, one.role) for one in found.only.contributors] == [
        ("Homer", "author"),
        ("Emily Wilson", "translator"),
        ("Simon Vance", "narrator"),
    ]


def test_entities_separate_no_names(read):
    found = read("Title,Author,Subjects\nX,Fran&ccedil;oise Sagan &amp; Ann Lee,Arts &amp; crafts; Tea\n")
    assert [one.name for one in found.only.contributors] == ["Françoise Sagan", "Ann Lee"]
    assert found.only.values["subjects"] == ["Arts & crafts", "Tea"]


@pytest.mark.parametrize(
    ("above", "passed"),
    [
        ("", 0),
        ("My books,,,\nExported on 3 May 2024,,,\n,,,\n", 3),
        ("My books\n\nExported today\n", 2),
    ],
)
def test_the_header_may_stand_below_other_lines(read, above, passed):
    found = read(above + "Title,Author,Year,Price\nA,Ann Lee,1999,$1.00\n")
    assert found.only.values == {"title": "A", "published": "1999"}
    assert found.only.place == above.count("\n") + 2
    assert found.guess.columns.passed == passed
    assert (f"the header is row {passed + 1};" in str(found.guess)) is bool(passed)


def test_a_delimiter_that_the_first_line_names_is_taken(read):
    found = read("sep=;\r\nTitle;Author\r\nA, B;Ann Lee\r\n")
    assert (found.guess.dialect.delimiter, found.only.values["title"], found.only.place) == (";", "A, B", 3)


def test_rows_that_hold_nothing_or_sum_up_the_others_are_skipped_and_counted(read):
    found = read('Title,Author,Price\nA,,5\n,,\n , ,\nTotal,1,"5,00 €"\nTotal,,\n,,5\n')
    assert [one.values["title"] for one in found.prepared] == ["A", "Total"]
    assert found.counts.reasons == {"empty row": 2, "row of totals": 1}
    assert [one.place for one in found.rejected] == [7]
    assert found.counts.read == 6


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"titel": "Werk"}, "Did you mean title"),
        ({"Werk": "title"}, "--map 'title=Werk'"),
        ({"title": "Wer"}, "Did you mean Werk"),
        ({"title": "Werk", "birth_date": "Jahr"}, "These are books"),
    ],
)
def test_a_wrong_mapping_is_told_before_anything_else(read, mapping, words):
    with pytest.raises(intake.Unreadable, match=words):
        read("Werk,Jahr\nA,1999\n", mapping=mapping)


@pytest.mark.parametrize("header", ["Werk,Autor,Jahr", "Author", "Werk,Author"])
def test_a_list_of_books_is_not_taken_for_one_of_people(read, header):
    with pytest.raises(intake.Unreadable, match="No column holds titles"):
        read(f"{header}\n{','.join('x' * (header.count(',') + 1))}\n")


def test_an_id_is_kept_where_somebody_says_whose_it_is(read):
    content = "ID,Title\n17,A\n"
    assert "ID is kept as an id where --source says whose it is" in str(read(content).guess)
    assert read(content, source="shop").only.key == Key("shop", "17")
