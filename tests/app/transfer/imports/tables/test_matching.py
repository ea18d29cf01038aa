"""Columns: which row is the header, and which field each column holds."""

from __future__ import annotations

import pytest

from app.books.resource import BOOKS
from app.transfer.errors import Unreadable
from app.transfer.imports.tables.headers import GENERIC_LAYOUTS
from app.transfer.imports.tables.layout import fold_header
from app.transfer.records import RESOURCES, SourceKey


def test_unknown_columns_are_reported_and_titles_required(read):
    result = read("Book-Title,Shelf mark,Shelf mark\nA,x,y\n", mapping={"title": "Book-Title"})
    assert result.only.values == {"title": "A"}
    assert result.detected.describe() == (
        "comma-separated, UTF-8, books; title=Book-Title; not used: Shelf mark, Shelf mark"
    )
    with pytest.raises(Unreadable, match=r"line is: Werk, Jahr\. If one of these .* --map 'title=COLUMN'"):
        read("Werk,Jahr\nA,1999\n")


def test_the_most_precise_column_with_a_value_counts(read):
    result = read("title,publication date,year\nA,1999-03,2001\n")
    assert result.only.values == {"title": "A", "published": "1999-03"}
    assert "published=publication date|year" in result.detected.describe()
    result = read("title,publication date,year,date\nA,,2001,2024-05-01\n")
    assert result.only.values == {"title": "A", "published": "2001"}
    [note] = result.detected.columns.notes
    assert note.detail == "date may also be published; publication date is used"


@pytest.mark.parametrize("kind", GENERIC_LAYOUTS)
def test_every_field_is_known_by_its_name(kind):
    fields = {name for name, field in RESOURCES[kind].fields.items() if not field.read_only}
    assert {fold_header(name) for name in fields} <= GENERIC_LAYOUTS[kind].columns.keys()


def test_every_field_of_a_book_can_be_a_column(read):
    fields = [name for name, field in BOOKS.fields.items() if not field.read_only]
    result = read(",".join(fields) + "\n" + ",".join("x" for _ in fields) + "\n")
    assert [target for _, target in result.detected.columns.targets] == fields
    assert result.counts.warnings.keys().isdisjoint({"unknown_member"})


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
def test_headers_are_known_in_several_languages(read, language, encoding):
    result = read(HEADERS[language].replace("\n", "\r\n").encode(encoding))
    assert {name: value for name, value in result.only.values.items() if name != "identifiers"} == {
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
    assert [(contributor.name, contributor.role) for contributor in result.only.contributors] == [
        ("Frank Herbert", "author"),
        ("Ronald M. Hahn", "translator"),
    ]


@pytest.mark.parametrize(
    ("above", "passed"),
    [
        ("", 0),
        ("My books,,,\nExported on 3 May 2024,,,\n,,,\n", 3),
        ("My books\n\nExported today\n", 2),
    ],
)
def test_the_header_may_follow_other_lines(read, above, passed):
    result = read(above + "Title,Author,Year,Price\nA,Ann Lee,1999,$1.00\n")
    assert result.only.values == {"title": "A", "published": "1999"}
    assert result.only.number == above.count("\n") + 2
    assert result.detected.columns.rows_above == passed
    assert (f"the header is row {passed + 1};" in result.detected.describe()) is bool(passed)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"titel": "Werk"}, "Did you mean title"),
        ({"Werk": "title"}, "--map 'title=Werk'"),
        ({"title": "Wer"}, "Did you mean Werk"),
        ({"title": "Werk", "birth_date": "Jahr"}, "The file has books"),
    ],
)
def test_a_wrong_mapping_is_refused(read, mapping, words):
    with pytest.raises(Unreadable, match=words):
        read("Werk,Jahr\nA,1999\n", mapping=mapping)


@pytest.mark.parametrize("header", ["Werk,Autor,Jahr", "Author", "Werk,Author"])
def test_a_list_of_books_is_no_list_of_authors(read, header):
    with pytest.raises(Unreadable, match="No column has titles"):
        read(f"{header}\n{','.join('x' * (header.count(',') + 1))}\n")


def test_an_id_is_kept_if_its_source_is_named(read):
    content = "ID,Title\n17,A\n"
    assert "to use ID as the id of the rows, add --source NAME" in read(content).detected.describe()
    assert read(content, source="shop").only.key == SourceKey("shop", "17")


def test_a_named_source_keeps_the_ids(read):
    content = "no,title\n17,A\n"
    result = read(content, mapping={"key": "no"}, source="shop")
    assert (result.only.key, result.only.values["identifiers"]) == (SourceKey("shop", "17"), {"shop": ["17"]})
