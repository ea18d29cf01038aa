"""Every operator of every filter, against what plain Python finds in the representations."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from app import shapes
from app.authors.schemas import AUTHORS
from app.books.schemas import BOOKS
from app.query import parse, split
from app.statements import page
from tests.api.varied_catalog import Row, date_key, fold, identity, isbn, store, varied_authors, varied_books

RESOURCES = {"books": BOOKS, "authors": AUTHORS}

# A condition: the filter, the operator ("" for none), and the values of the parameter, once for each time it is sent.
Condition = tuple[str, str, tuple[str, ...]]

TEXTS = {"title", "subtitle", "publisher", "language", "series", "name", "sort_name"}
DATES = {"published", "birth_date", "death_date"}
NUMBERS = {"id", "page_count", "series_position"}
MOMENTS = {"created_at", "updated_at"}
OF_CONTRIBUTION = {"author_id", "author", "role"}

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


class Catalog:
    """A client of a catalog that stands still, and all its rows."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        store(client, "/authors", varied_authors(40))
        store(client, "/books", varied_books(90, list(range(1, 15))))
        self.rows: dict[str, list[Row]] = {
            path: client.get(f"/{path}?limit=100").json["data"] for path in ("books", "authors")
        }
        self.names = {author["id"]: [author["name"], *author["alternate_names"]] for author in self.rows["authors"]}

    def found(self, path: str, conditions: list[Condition]) -> list[int]:
        """The ids that the service answers."""
        sent = [
            (f"{name}[{operator}]" if operator else name, value)
            for name, operator, values in conditions
            for value in values
        ]
        response = self.client.get(f"/{path}", query_string=[*sent, ("limit", "100"), ("fields", "id")])
        assert response.status_code == 200, f"{sent}: {response.text}"
        return [row["id"] for row in response.json["data"]]

    def expected(self, resource: str, conditions: list[Condition]) -> list[int]:
        """The ids of the rows that meet the conditions by the contract's own words."""
        of_row = [condition for condition in conditions if condition[0] not in OF_CONTRIBUTION]
        of_contribution = [condition for condition in conditions if condition[0] in OF_CONTRIBUTION]
        return [
            row["id"]
            for row in self.rows[resource]
            if all(meets(row, *condition) for condition in of_row) and self.contributed(row, of_contribution)
        ]

    def contributed(self, book: Row, conditions: list[Condition]) -> bool:
        """Whether one and the same contribution to a book meets all conditions."""
        if not conditions:
            return True
        contributions = book["authors"]
        asked = []
        for name, operator, values in conditions:
            if operator == "null":
                if (not contributions) != (values[0] == "true"):
                    return False
            else:
                asked.append((name, operator, values))
        if all(operator == "ne" for _, operator, _ in asked):
            return not any(self.credits(one, name, "", values) for one in contributions for name, _, values in asked)
        return any(
            all(
                self.credits(one, name, "", values) is False
                if operator == "ne"
                else self.credits(one, name, operator, values)
                for name, operator, values in asked
            )
            for one in contributions
        )

    def credits(self, contribution: Row, name: str, operator: str, values: tuple[str, ...]) -> bool:
        """Whether a contribution meets one condition."""
        if name == "author_id":
            return meets({"id": contribution["id"]}, "id", operator, values)
        if name == "role":
            return contribution["role"] in alternatives(operator, values)
        names = [known for known in (*self.names[contribution["id"]], contribution["credited_as"]) if known]
        folded = fold if operator in ("contains", "starts") else identity
        return any(
            like(folded(known), operator, folded(value)) for known in names for value in alternatives(operator, values)
        )


@pytest.fixture(scope="module")
def catalog(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[Catalog]:
    return Catalog(make_app(DATABASE_URL=new_database("filters")).test_client(use_cookies=False))


def alternatives(operator: str, values: tuple[str, ...]) -> list[str]:
    """`in` with one value is separated by commas; a repeated parameter holds whole values."""
    if operator == "in" and len(values) == 1:
        return [value.strip() for value in values[0].split(",")]
    return [value if operator in ("contains", "starts") else " ".join(value.split()) for value in values]


def like(text: str, operator: str, value: str) -> bool:
    return {"contains": value in text, "starts": text.startswith(value)}.get(operator, text == value)


def meets(row: Row, name: str, operator: str, values: tuple[str, ...]) -> bool:
    """Whether a row meets a condition on one of its own fields."""
    stored = row["identifiers" if name == "identifier" else name]
    if operator == "null":
        return (stored is None or stored == []) == (values[0] == "true")
    if operator == "ne":
        return not meets(row, name, "", values)
    wanted = alternatives(operator, values)
    if name == "subjects":
        return (
            all(value in stored for value in wanted) if operator == "has" else any(value in stored for value in wanted)
        )
    if name == "identifier":
        pairs = [value.split(":", 1) for value in wanted]
        return any(
            (plain_isbn(value) if scheme == "isbn" else value) in stored.get(scheme, []) for scheme, value in pairs
        )
    if name == "name" and operator in ("contains", "starts"):
        return any(like(fold(known), operator, fold(values[0])) for known in (stored, *row["alternate_names"]))
    if stored is None:
        return False
    if name in TEXTS:
        if operator in ("contains", "starts"):
            return like(fold(stored), operator, fold(values[0]))
        return stored.lower() in [value.lower() for value in wanted] if name == "language" else stored in wanted
    if name == "isbn":
        return stored in [plain_isbn(value) for value in wanted]
    if name in DATES:
        if operator in ("", "in"):
            return any(within(stored, value) for value in wanted)
        key, first, last = date_key(stored), date_key(wanted[0]), last_of(wanted[0])
        return {"lt": key < first, "lte": key <= last, "gt": key > last, "gte": key >= first}[operator]
    read = moment if name in MOMENTS else float if name == "series_position" else int
    value, others = (moment(stored) if name in MOMENTS else stored), [read(text) for text in wanted]
    if operator in ("", "in"):
        return value in others
    return {"lt": value < others[0], "lte": value <= others[0], "gt": value > others[0], "gte": value >= others[0]}[
        operator
    ]


def within(stored: str, period: str) -> bool:
    """Whether a partial date lies within the period of another one."""
    return stored == period or stored.startswith(f"{period}-")


def last_of(partial: str) -> tuple[int, int, int]:
    """The last day of a period, or one after it."""
    year, month, day = date_key(partial)
    return (year, 0, 0) if year < 0 else (year, month or 12, day or 31)


def moment(text: str) -> datetime:
    """A timestamp, or the midnight UTC of a date."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def plain_isbn(text: str) -> str:
    """The 13 digits of a valid ISBN."""
    digits = text.replace("-", "").replace(" ", "")
    if len(digits) == 13:
        return digits
    first = "978" + digits[:9]
    return first + str(-sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(first)) % 10)


def probes(catalog: Catalog, resource: str, name: str, operator: str) -> list[tuple[str, ...]]:
    """Values to ask with."""
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
    if operator != "eq" and filter_.name != "q"  # which tests/search looks at
]


def asks_for_all_or_one(name: str, operator: str, values: tuple[str, ...]) -> Condition:
    """What a condition means: no operator is `has` on an array, and `in` when it is repeated."""
    if operator == "":
        operator = "in" if len(values) > 1 else "has" if name == "subjects" else ""
    return name, operator, values


@pytest.mark.parametrize(("resource", "name", "operator"), CASES)
def test_an_operator_finds_what_the_contract_says(catalog: Catalog, resource: str, name: str, operator: str) -> None:
    some, left_out = False, False
    for values in probes(catalog, resource, name, operator):
        try:
            expected = catalog.expected(resource, [asks_for_all_or_one(name, operator, values)])
        except (KeyError, ValueError):
            raise AssertionError(f"the test does not know {name}[{operator}]") from None
        assert catalog.found(resource, [(name, operator, values)]) == expected, values
        some, left_out = some or bool(expected), left_out or len(expected) < len(catalog.rows[resource])
    assert some, "the probes must find a row"
    assert left_out, "the probes must leave a row out"


@pytest.mark.parametrize("name", [name for _, name, operator in CASES if operator == "in"])
def test_a_parameter_sent_twice_means_one_of_its_values(catalog: Catalog, name: str) -> None:
    resource = "books" if name in BOOKS.filters else "authors"
    for values in probes(catalog, resource, name, "in")[:2]:
        expected = catalog.expected(resource, [(name, "in", values)])
        assert catalog.found(resource, [(name, "", values)]) == expected
        assert catalog.found(resource, [(name, "in", values)]) == expected


@pytest.mark.parametrize("seed", range(20))
def test_several_filters_together_find_what_meets_all(catalog: Catalog, seed: int) -> None:
    choose = random.Random(seed)
    found_some = False
    for _ in range(25):
        resource = choose.choice(("books", "books", "authors"))
        cases = [case for case in CASES if case[0] == resource]
        conditions, meanings = [], []
        for _, name, operator in choose.sample(cases, choose.choice((2, 2, 2, 3))):
            values = choose.choice(probes(catalog, resource, name, operator))
            if any((name, operator) == known[:2] for known in conditions):
                continue
            conditions.append((name, operator, values))
            meanings.append(asks_for_all_or_one(name, operator, values))
        expected = catalog.expected(resource, meanings)
        found_some = found_some or bool(expected)
        assert catalog.found(resource, conditions) == expected, conditions
    assert found_some


CONTRIBUTION_CASES = [
    (first, second)
    for (first, first_operator), (second, second_operator) in product(
        [("author_id", ""), ("author_id", "ne"), ("author_id", "gt"), ("author_id", "in"), ("author_id", "null")],
        [("role", ""), ("role", "ne"), ("role", "in"), ("author", ""), ("author", "ne"), ("author", "contains")],
    )
    for first, second in [((first, first_operator), (second, second_operator))]
]


@pytest.mark.parametrize(("first", "second"), CONTRIBUTION_CASES)
def test_filters_of_contributors_speak_of_the_same_contribution(
    catalog: Catalog, first: tuple[str, str], second: tuple[str, str]
) -> None:
    for one in probes(catalog, "books", *first):
        for other in probes(catalog, "books", *second)[:8]:
            conditions = [(*first, one), (*second, other)]
            assert catalog.found("books", conditions) == catalog.expected("books", conditions), conditions


@pytest.mark.parametrize("author_id", [1, 2, 3, 14])
@pytest.mark.parametrize(
    "condition",
    [
        ("role", "", ("translator",)),
        ("role", "ne", ("author",)),
        ("author", "", ("ellis bell",)),
        ("author", "ne", ("homer",)),
        ("author_id", "", ("2",)),
        ("published", "", ("1990",)),
    ],
)
def test_the_author_of_the_path_counts_as_author_id(catalog: Catalog, author_id: int, condition: Condition) -> None:
    own = ("author_id", "", (str(author_id),))
    assert catalog.found(f"authors/{author_id}/books", [condition]) == catalog.expected("books", [own, condition])
    assert catalog.expected("books", [own]), "the author has books"


@pytest.mark.parametrize(
    "form", ["9780441478125", "978-0-441-47812-5", "978 0 441 47812 5", "0441478123", "0-441-47812-3", " 0441478123 "]
)
def test_an_isbn_is_found_in_any_form(client: FlaskClient, add_book: Callable[..., Row], form: str) -> None:
    book = add_book(isbn="9780441478125")
    add_book(isbn=isbn(1), identifiers={"isbn": ["9780441478125"]})
    for parameter in ("isbn", "isbn[in]"):
        response = client.get("/books", query_string=[(parameter, form)])
        assert [row["id"] for row in response.json["data"]] == [book["id"]]
    response = client.get("/books", query_string=[("identifier", f"isbn:{form}")])
    assert [row["id"] for row in response.json["data"]] == [2]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("published=1990", [1, 2, 3]),
        ("published=1990-05", [2, 3]),
        ("published=1990-05-17", [3]),
        ("published[lte]=1990", [1, 2, 3, 5, 6]),
        ("published[lt]=1990", [5, 6]),
        ("published[gt]=1990", [4]),
        ("published[gte]=1990-05", [2, 3, 4]),
        ("published[gt]=1990-05", [4]),
        ("published[lt]=0001", [5, 6]),
        ("published[gt]=-0500", [1, 2, 3, 4, 6]),
        ("published=-0044", [6]),
        ("published[ne]=1990", [4, 5, 6, 7]),
        ("published[null]=true", [7]),
        ("published[in]=1990-05,-0800", [2, 3, 5]),
        ("published[ne]=-0800", [1, 2, 3, 4, 6, 7]),
    ],
)
def test_a_partial_date_stands_for_its_whole_period(
    client: FlaskClient, add_book: Callable[..., Row], query: str, found: list[int]
) -> None:
    for published in ("1990", "1990-05", "1990-05-17", "1991", "-0800", "-0044", None):
        add_book(published=published)
    assert [book["id"] for book in client.get(f"/books?{query}").json["data"]] == found


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("colour=red", "colour", "unknown"),
        ("title[like]=a", "title[like]", "unknown"),
        ("title[eq]=a", "title[eq]", "unknown"),
        ("title[null]=true", "title[null]", "unknown"),
        ("isbn[contains]=978", "isbn[contains]", "unknown"),
        ("role[contains]=a", "role[contains]", "unknown"),
        ("identifier[null]=true", "identifier[null]", "unknown"),
        ("page_count[contains]=1", "page_count[contains]", "unknown"),
        ("title[gt]=a", "title[gt]", "unknown"),
        ("subjects[contains]=a", "subjects[contains]", "unknown"),
        ("description=a", "description", "unknown"),
        ("title[contains]=a&title[contains]=b", "title[contains]", "repeated"),
        ("page_count[gt]=1&page_count[gt]=2", "page_count[gt]", "repeated"),
        ("page_count=1.5", "page_count", "invalid"),
        ("page_count=%D9%A1", "page_count", "invalid"),
        ("page_count=true", "page_count", "invalid"),
        ("series_position=1e2", "series_position", "invalid"),
        ("series_position=NaN", "series_position", "invalid"),
        ("published=1990-13", "published", "invalid_date"),
        ("published=0000", "published", "invalid_date"),
        ("published[lt]=20240229", "published[lt]", "invalid_date"),
        ("isbn=9780441478126", "isbn", "invalid_isbn"),
        ("language=english", "language", "invalid_language"),
        ("role=king", "role", "not_allowed"),
        ("id=0", "id", "invalid"),
        ("id=9223372036854775808", "id", "invalid"),
        ("author_id=x", "author_id", "invalid"),
        ("identifier=OL1", "identifier", "invalid"),
        ("identifier=isbn:123", "identifier", "invalid_isbn"),
        ("created_at=yesterday", "created_at", "invalid"),
        ("created_at[gt]=2024-02-30", "created_at[gt]", "invalid"),
        ("published[null]=yes", "published[null]", "invalid"),
        ("title=", "title", "blank"),
        ("title=%00", "title", "invalid_character"),
        ("id[in]=1,,2", "id[in]", "blank"),
        ("title[contains]=", "title[contains]", "blank"),
    ],
)
def test_a_filter_that_cannot_be_read_is_400_that_names_it(
    client: FlaskClient, query: str, parameter: str, code: str
) -> None:
    response = client.get(f"/books?{query}")
    assert response.status_code == 400
    assert [(error["parameter"], error["code"]) for error in response.json["errors"]] == [(parameter, code)]


def test_an_unknown_filter_is_told_the_nearest_name_and_all_of_them(client: FlaskClient) -> None:
    detail = client.get("/books?titel=a").json["errors"][0]["detail"]
    assert "Did you mean title?" in detail
    assert all(name in detail for name in BOOKS.filters)


def test_an_unknown_operator_is_told_the_allowed_ones(client: FlaskClient) -> None:
    detail = client.get("/books?title[contain]=a").json["errors"][0]["detail"]
    assert "Did you mean contains?" in detail
    assert all(name in detail for name in ("starts", "in", "ne"))


def test_the_tables_hold_the_filters_of_the_contract() -> None:
    assert set(BOOKS.filters) == {
        "q",
        "id",
        "title",
        "subtitle",
        "isbn",
        "published",
        "publisher",
        "language",
        "page_count",
        "series",
        "series_position",
        "subjects",
        "identifier",
        "author_id",
        "author",
        "role",
        "created_at",
        "updated_at",
    }
    assert set(AUTHORS.filters) == {
        "q",
        "id",
        "name",
        "sort_name",
        "birth_date",
        "death_date",
        "identifier",
        "created_at",
        "updated_at",
    }


@pytest.mark.parametrize("asked", ["author=Milne, A. A.", "author[in]=A. A. Milne,Homer"])
def test_whole_names_of_contributors_are_found_by_indexes(new_database: Callable[[str], str], asked: str) -> None:
    query = parse(BOOKS, "books", split(asked.encode()))
    statement = page(BOOKS, shapes.of(BOOKS, query))
    connection = psycopg2.connect(make_url(new_database("plans")).set(drivername="postgresql").render_as_string(False))
    with connection.cursor() as cursor:
        cursor.execute("""
            INSERT INTO authors (name, sort_name, alternate_names)
            SELECT 'Author ' || n, 'Author ' || n, ARRAY['Other ' || n] FROM generate_series(1, 5000) AS n;
            INSERT INTO books (title) SELECT 'Book ' || n FROM generate_series(1, 5000) AS n;
            INSERT INTO contributions SELECT n, n, 'author', 0, 'Credited ' || n FROM generate_series(1, 5000) AS n;
            ANALYZE authors, books, contributions
        """)
        cursor.execute(f"EXPLAIN {statement.sql}", {**statement.constants, **shapes.values_of(query)})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    connection.close()
    for index in ("ix_authors_identity", "ix_authors_alternate_identities", "ix_contributions_credited_as_identity"):
        assert index in plan, plan
