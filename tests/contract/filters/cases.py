"""Every filter with every operator, and values for each."""

from __future__ import annotations

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from tests.support.catalogs.varied import isbn

from .meaning import MOMENTS, Condition, FilteredCatalog

RESOURCES = {"books": BOOKS, "authors": AUTHORS}

PARTS = (
    "the left",
    "LEFT HAND",
    "ano",
    "AÑO",
    "%",
    "_",
    "100%",
    "r_s",
    "\\",
    "emile",
    "É",
    "a",
    "The ",
    "cycle",
    "HAIN",
    "en-",
    "PT",
    "ace ",
    "of",
    "long title " * 20 + "B",
    "quoted”",
    "雪",
    "шин",
    "le guin",
    "ellis",
    "a, b",
    "homer",
    "no such thing",
)

WHOLE = {
    "title": (
        "The Left Hand of Darkness",
        "the left hand of darkness",
        "  Theory ",
        "CIEN ANOS",
        "100% wolf",
        "A, B",
        "B",
        "LONG",
        "emile",
    ),
    "subtitle": ("A novel", "A NOVEL", "Été, hiver"),
    "publisher": ("Ace", "ACE", "Éditions de Minuit", "Editions de Minuit", "A, B", "B"),
    "language": ("en", "EN-gb", "pt-br", "zh-hant", "de"),
    "series": ("Hainish", "hainish", "X_Y", "X%Y"),
    "name": ("Homer", "homer", "Emily Brontë", "O, P", "P", "HOMEROS", "夏目漱石"),
    "sort_name": ("Homer", "Le Guin, Ursula K.", "Virgil", "Brontë, Emily"),
    "author": (
        "Homer",
        "homère",
        "ELLIS BELL",
        "ursula k. le guin",
        "U. LE GUIN",
        "Le Guin",
        "O, P",
        "P",
        "A_B",
        "a%b",
        "García Márquez, Gabriel",
        "Guin, Ursula K. Le",
    ),
    "role": ("author", "editor", "translator", "narrator"),
    "subjects": ("Fiction", "fiction", "Gender", "A, B", "A", "100%", "Nothing"),
    "identifier": (
        "openlibrary:OL1",
        "openlibrary:OL2",
        "gutenberg:84",
        "gutenberg:a:b, c",
        "isbn:0-441-47812-3",
        "isbn:9780441478125",
        "wikidata:Q1",
    ),
    "isbn": (isbn(0), isbn(1), isbn(3), "978-0-00-000002-6", "0000000043", "9780441478125"),
    "published": (
        "1990",
        "1990-05",
        "1990-05-17",
        "1991",
        "1991-01-01",
        "-0044",
        "-0800",
        "-0100",
        "0001",
        "2000-02",
        "9999",
        "9999-12-31",
    ),
    "birth_date": ("1818", "1818-07", "1818-07-30", "-0800", "-0070", "1929", "1929-10"),
    "death_date": ("1848", "1848-12", "-0019", "2018", "2018-01-22", "0001"),
    "page_count": ("1", "99", "100", "101", "100000", "0", "-5", "999999999999"),
    "series_position": ("0", "0.1", "1", "1.0", "1.5", "100000", "-1"),
    "id": ("1", "7", "30", "9223372036854775807"),
    "author_id": ("1", "2", "3", "12", "9223372036854775807"),
}


def probes(catalog: FilteredCatalog, resource: str, name: str, operator: str) -> list[tuple[str, ...]]:
    """Values for a filter and an operator."""
    if operator == "null":
        return [("true",), ("false",)]
    if operator in ("contains", "starts"):
        return [(part,) for part in PARTS]
    if name in MOMENTS:
        stored = sorted({row[name] for row in catalog.rows[resource]})
        some = [stored[0], stored[len(stored) // 2], stored[-1]]
        whole = [*some, some[1].replace("+00:00", "Z"), some[1][:10], "2000-01-01", "2999-12-31T23:59:59.5+02:00"]
    else:
        whole = list(WHOLE[name])
    if operator == "in":
        plain = [value for value in whole if "," not in value]
        with_comma = [(value,) for value in whole if "," in value and name != "identifier"]
        return [(whole[0], whole[-1]), tuple(whole[:4]), (" , ".join(plain[:3]),), (plain[0],), *with_comma]
    if operator == "has":
        return [*[(value,) for value in whole], ("Fiction", "Gender"), ("Fiction", "fiction"), ("A", "B")]
    return [(value,) for value in whole]


# Equality is written without an operator, and so is `has`.
CASES = [
    (resource, name, operator)
    for resource, declared in RESOURCES.items()
    for name, filter_ in declared.filters.items()
    for operator in dict.fromkeys(("", *filter_.operators))
    if operator != "eq" and filter_.name != "q"  # whose tests are in contract/search
]


def with_implicit_operator(name: str, operator: str, values: tuple[str, ...]) -> Condition:
    """Return a condition with its operator, which may be an implicit `has` or `in`."""
    if operator == "":
        operator = "in" if len(values) > 1 else "has" if name == "subjects" else ""
    return name, operator, values
