"""Invalid and hostile requests to the routes of categories and favorites.

They are sent by `ANN` to a catalog with the books 1 and 2. She has category 1 with the favorites 1 to 3, of which 1 is
book 1, and category 2 with favorite 4, which is book 1 too. Category 3 and favorite 5 are another account's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.features.accounts.credentials.secret import Kind, secret_of
from tests.contract.hostile.bad_requests import JSON, Row, encoded

ANN = secret_of(Kind.SESSION, 21).text
READING_KEY = secret_of(Kind.KEY, 22).text  # with the scope catalog:read
ATTRIBUTES = [
    {"key": "mood", "label": None, "type": "enum", "values": ["caf\u00e9", "dark"], "required": True},
    *(
        {"key": key, "label": None, "type": key, "values": [], "required": False}
        for key in ("text", "number", "integer", "boolean", "date", "url")
    ),
]
NEW: dict[str, Any] = {"category_id": 1, "title": "New", "attributes": {"mood": "dark"}}
BEYOND = 2**63


def favorite_rows() -> Iterator[Row]:
    """All rows of the table."""
    yield from _rights()
    yield from _ranks()
    yield from _orders()
    yield from _references()
    yield from _members()
    yield from _values()
    yield from _definitions()
    yield from _categories()
    yield from _queries()


def _sent(method: str, target: str, status: int, document: Any, name: str, token: str = ANN, **expected: Any) -> Row:
    headers = {"Content-Type": JSON} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = document if isinstance(document, bytes) or document is None else encoded(document)
    return Row(f"{method} {target[:80]}: {name}", method, target, status, body, headers, **expected)


def _rights() -> Iterator[Row]:
    for method, target in (
        ("GET", "/favorites"),
        ("POST", "/favorites"),
        ("DELETE", "/favorites/1"),
        ("PUT", "/categories/1/order"),
        ("GET", "/categories/1/favorites"),
    ):
        yield _sent(method, target, 401, None, "without a token", "")
        yield _sent(method, target, 403, None, "a key without the scope", READING_KEY)
    for target in ("/favorites/5", "/favorites/0", "/favorites/01", f"/favorites/{BEYOND}", "/favorites/x"):
        for method in ("GET", "PATCH", "DELETE"):
            yield _sent(method, target, 404, {"ranking": 1} if method == "PATCH" else None, "not the own one")
    for target in ("/categories/3", "/categories/3/favorites", "/categories/99", "/categories/+1"):
        yield _sent("GET", target, 404, None, "not the own one")
    yield _sent("PUT", "/favorites/1", 405, NEW, "a replacement")
    yield _sent("GET", "/categories/1/order", 405, None, "a read")


RANKS: tuple[tuple[Any, str], ...] = (
    (0, "out_of_range"),
    (-1, "out_of_range"),
    (BEYOND, "out_of_range"),
    (-BEYOND, "out_of_range"),
    (5, "out_of_range"),
    (10**400, "out_of_range"),
    ("1", "type"),
    (1.0, "type"),
    (1.5, "type"),
    (True, "type"),
    ([1], "type"),
    ({}, "type"),
)


def _ranks() -> Iterator[Row]:
    for ranking, code in RANKS:
        name = f"rank {str(ranking)[:20]!r} of {type(ranking).__name__}"
        yield _sent("POST", "/favorites", 422, {**NEW, "ranking": ranking}, name, at="/ranking", code=code)
        yield _sent("PATCH", "/favorites/2", 422, {"ranking": ranking}, name, at="/ranking", code=code)
    yield _sent("PATCH", "/favorites/2", 422, {"ranking": 4}, "past the last", at="/ranking", code="out_of_range")
    yield _sent("PATCH", "/favorites/2", 422, {"ranking": None}, "no rank", at="/ranking", code="required")
    moved = {"category_id": 2, "ranking": 3}
    yield _sent("PATCH", "/favorites/2", 422, moved, "past the end of another", at="/ranking", code="out_of_range")
    yield _sent("POST", "/favorites", 400, b'{"category_id": 1, "ranking": NaN}', "rank NaN", code="invalid")
    yield _sent("POST", "/favorites", 400, b'{"ranking": 1, "ranking": 2}', "a rank twice", code="duplicate")


ORDERS: tuple[tuple[str, Any, str, str], ...] = (
    ("a missing id", [1, 2], "/favorites", "too_few"),
    ("no ids", [], "/favorites", "too_few"),
    ("another account's id", [1, 2, 3, 5], "/favorites/3", "not_found"),
    ("an id of another category", [1, 2, 4], "/favorites/2", "not_found"),
    ("an unknown id", [1, 2, 3, 99], "/favorites/3", "not_found"),
    ("an id twice", [1, 2, 3, 1], "/favorites/3", "duplicate"),
    ("a string", [1, 2, "3"], "/favorites/2", "type"),
    ("a float", [1, 2, 3.0], "/favorites/2", "type"),
    ("true", [True, 2, 3], "/favorites/0", "type"),
    ("null", [1, 2, None], "/favorites/2", "type"),
    ("0", [0, 2, 3], "/favorites/0", "out_of_range"),
    ("an id past bigint", [BEYOND, 2, 3], "/favorites/0", "out_of_range"),
    ("an array in it", [[1], 2, 3], "/favorites/0", "type"),
    ("1,001 ids", list(range(1, 1002)), "/favorites", "too_many"),
    ("a string of ids", "1,2,3", "/favorites", "type"),
    ("nothing", None, "/favorites", "required"),
)


def _orders() -> Iterator[Row]:
    target = "/categories/1/order"
    for name, ids, at, code in ORDERS:
        yield _sent("PUT", target, 422, {"favorites": ids}, name, at=at, code=code)
    yield _sent("PUT", target, 422, [1, 2, 3], "an array", code="type")
    yield _sent("PUT", target, 422, {"favorites": [1, 2, 3], "order": 1}, "a member more", at="/order", code="unknown")
    yield _sent("PUT", f"{target}?limit=1", 400, {"favorites": [1, 2, 3]}, "a parameter", at="limit", code="unknown")
    for category in (3, 99):
        yield _sent("PUT", f"/categories/{category}/order", 404, {"favorites": [1]}, "not the own category")


REFERENCES: tuple[tuple[str, Any, str], ...] = (
    ("unknown", 99, "not_found"),
    ("0", 0, "out_of_range"),
    ("past bigint", BEYOND, "out_of_range"),
    ("a string", "1", "type"),
    ("a float", 1.0, "type"),
    ("true", True, "type"),
    ("an object", {"id": 1}, "type"),
)


def _references() -> Iterator[Row]:
    for member in ("category_id", "book_id"):
        for name, value, code in REFERENCES:
            at = f"/{member}"
            yield _sent("POST", "/favorites", 422, {**NEW, member: value}, f"{member} {name}", at=at, code=code)
            yield _sent("PATCH", "/favorites/2", 422, {member: value}, f"{member} {name}", at=at, code=code)
    for method, target in (("POST", "/favorites"), ("PATCH", "/favorites/2")):
        foreign = {**NEW, "category_id": 3}
        yield _sent(method, target, 422, foreign, "another account's category", at="/category_id", code="not_found")
        yield _sent(
            method, target, 422, {**NEW, "category_id": None}, "no category", at="/category_id", code="required"
        )
        yield _sent(method, target, 409, {**NEW, "book_id": 1}, "a book that is there", at="/book_id", code="taken")
    moved = {"category_id": 2}
    yield _sent("PATCH", "/favorites/1", 422, moved, "attributes of another category", at="/attributes/mood")
    book = {"category_id": 2, "attributes": {"mood": None}}
    yield _sent("PATCH", "/favorites/1", 409, book, "a book that is in the other category", at="/book_id", code="taken")


def _members() -> Iterator[Row]:
    for name, document, at, code in (
        ("neither title nor book", {"title": None}, "/title", "required"),
        ("a blank title", {"title": " \u200b "}, "/title", "blank"),
        ("a long title", {"title": "x" * 4001}, "/title", "too_long"),
        ("NUL in the title", {"title": "a\0b"}, "/title", "invalid_character"),
        ("a lone surrogate", {"title": "\ud800"}, "/title", "invalid_character"),
        ("a number as title", {"title": 1}, "/title", "type"),
        ("a description of an override", {"description": "\u202e"}, "/description", "invalid_character"),
        ("an id", {"id": 1}, "/id", "read_only"),
        ("a book object", {"book": {"id": 1}}, "/book", "read_only"),
        ("a category object", {"category": {"id": 1}}, "/category", "read_only"),
        ("an account", {"account_id": 1}, "/account_id", "unknown"),
        ("former books", {"former_books": [1]}, "/former_books", "unknown"),
        ("a rank by another name", {"rank": 1}, "/rank", "unknown"),
    ):
        yield _sent("POST", "/favorites", 422, {**NEW, **document}, name, at=at, code=code)
    yield _sent("PATCH", "/favorites/2", 422, {"title": None}, "no title without a book", at="/title", code="required")
    yield _sent("PATCH", "/favorites/2", 422, {"id": 3}, "another id", at="/id", code="mismatch")
    yield _sent("POST", "/favorites", 422, [NEW, {**NEW, "ranking": 6}], "a bad row of a batch", at="/1/ranking")
    yield _sent("POST", "/favorites", 422, [], "an empty batch", code="too_few")
    yield _sent("POST", "/favorites", 413, [NEW] * 1001, "a batch of 1,001")
    yield _sent("POST", "/favorites", 422, "x", "a string", code="type")
    yield _sent("POST", "/favorites?dry_run=true", 400, NEW, "a parameter", at="dry_run", code="unknown")


VALUES: tuple[tuple[str, Any, str], ...] = (
    ("mood", "cafe", "not_allowed"),
    ("mood", "CAF\u00c9", "not_allowed"),
    ("mood", 1, "type"),
    ("mood", ["dark"], "type"),
    ("mood", "", "blank"),
    ("mood", None, "required"),
    ("text", 1, "type"),
    ("text", "", "blank"),
    ("text", "x" * 1001, "too_long"),
    ("text", "a\0b", "invalid_character"),
    ("number", "1", "type"),
    ("number", True, "type"),
    ("number", 1e16, "out_of_range"),
    ("number", 10**400, "out_of_range"),
    ("integer", 1.0, "type"),
    ("integer", "1", "type"),
    ("integer", False, "type"),
    ("integer", 2**53, "out_of_range"),
    ("boolean", 1, "type"),
    ("boolean", "true", "type"),
    ("date", "2023-02-29", "invalid_date"),
    ("date", "0000", "invalid_date"),
    ("date", 1990, "type"),
    ("url", "javascript:alert(1)", "invalid_url"),
    ("url", "http://ann:secret@example.com/", "invalid_url"),
    ("Mood", "dark", "unknown"),
    ("a/b~c", 1, "unknown"),
    ("", 1, "unknown"),
    ("x" * 100_000, 1, "unknown"),
    ("text", {"a": {"b": 1}}, "type"),
)


def _values() -> Iterator[Row]:
    for key, value, code in VALUES:
        at = "/attributes/" + key.replace("~", "~0").replace("/", "~1")[:900]
        name = f"{key[:20]!r} {str(value)[:20]!r} of {type(value).__name__}"
        attributes = {"mood": "dark", key: value}
        place = at if len(key) < 1000 else None
        yield _sent("POST", "/favorites", 422, {**NEW, "attributes": attributes}, name, at=place, code=code)
    for attributes in ([], "mood", 1, [{"mood": "dark"}]):
        document = {**NEW, "attributes": attributes}
        yield _sent("POST", "/favorites", 422, document, f"attributes {attributes!r}", at="/attributes", code="type")
    yield _sent("POST", "/favorites", 422, {**NEW, "attributes": {}}, "none", at="/attributes/mood", code="required")
    yield _sent("POST", "/favorites", 400, b'{"attributes": {"number": NaN}}', "NaN", code="invalid")
    yield _sent("POST", "/favorites", 400, b'{"attributes": {"number": -Infinity}}', "-Infinity", code="invalid")
    yield _sent("POST", "/favorites", 400, b'{"attributes": {"a": 1, "a": 2}}', "a key twice", code="duplicate")
    patch = {"attributes": {"integer": 1.0}}
    yield _sent("PATCH", "/favorites/1", 422, patch, "1.0", at="/attributes/integer", code="type")
    patch = {"attributes": {"mood": None}}
    yield _sent("PATCH", "/favorites/1", 422, patch, "without mood", at="/attributes/mood", code="required")


ENUM = {"key": "a", "type": "enum", "values": ["x"]}
DEFINITIONS: tuple[tuple[str, Any, str, str], ...] = (
    ("a key twice", [ENUM, {"key": "a", "type": "text"}], "/attributes/1/key", "duplicate"),
    ("no key", [{"type": "text"}], "/attributes/0/key", "required"),
    ("an empty key", [{"key": "", "type": "text"}], "/attributes/0/key", "invalid"),
    ("a key in capitals", [{"key": "Mood", "type": "text"}], "/attributes/0/key", "invalid"),
    ("a key with a bracket", [{"key": "a[gt]", "type": "text"}], "/attributes/0/key", "invalid"),
    ("a key with a line break", [{"key": "a\n", "type": "text"}], "/attributes/0/key", "invalid"),
    ("a key of other letters", [{"key": "\u0434\u0430", "type": "text"}], "/attributes/0/key", "invalid"),
    ("a long key", [{"key": "a" * 51, "type": "text"}], "/attributes/0/key", "invalid"),
    ("a number as key", [{"key": 1, "type": "text"}], "/attributes/0/key", "type"),
    ("no type", [{"key": "a"}], "/attributes/0/type", "required"),
    ("an unknown type", [{"key": "a", "type": "string"}], "/attributes/0/type", "not_allowed"),
    ("an array as type", [{"key": "a", "type": ["text"]}], "/attributes/0/type", "type"),
    ("an enum without values", [{"key": "a", "type": "enum"}], "/attributes/0/values", "required"),
    ("an enum of no values", [{**ENUM, "values": []}], "/attributes/0/values", "required"),
    ("values without an enum", [{**ENUM, "type": "text"}], "/attributes/0/values", "mismatch"),
    ("a value twice", [{**ENUM, "values": ["\u00e9", "e\u0301"]}], "/attributes/0/values/1", "duplicate"),
    ("a blank value", [{**ENUM, "values": [" "]}], "/attributes/0/values/0", "blank"),
    ("a number as value", [{**ENUM, "values": [1]}], "/attributes/0/values/0", "type"),
    ("201 values", [{**ENUM, "values": [str(each) for each in range(201)]}], "/attributes/0/values", "too_many"),
    ("a word as required", [{**ENUM, "required": "yes"}], "/attributes/0/required", "type"),
    ("a number as label", [{**ENUM, "label": 1}], "/attributes/0/label", "type"),
    ("a further member", [{**ENUM, "unit": "m"}], "/attributes/0/unit", "unknown"),
    ("51 attributes", [{"key": f"a{each}", "type": "text"} for each in range(51)], "/attributes", "too_many"),
    ("an object", {"mood": "text"}, "/attributes", "type"),
    ("a string in it", ["mood"], "/attributes/0", "type"),
)


def _definitions() -> Iterator[Row]:
    for name, attributes, at, code in DEFINITIONS:
        document = {"name": "New", "attributes": attributes}
        yield _sent("POST", "/categories", 422, document, name, at=at, code=code)
        yield _sent("PATCH", "/categories/2", 422, {"attributes": attributes}, name, at=at, code=code)
    lost, drop = {"attributes": []}, "/categories/1?values=drop"
    yield _sent("PATCH", "/categories/1", 409, lost, "lost values")
    yield _sent("PUT", "/categories/1", 409, {"name": "Novels"}, "lost values")
    yield _sent("PATCH", "/categories/1?values=keep", 400, lost, "another word", at="values", code="not_allowed")
    yield _sent("PATCH", f"{drop}&values=drop", 400, lost, "a parameter twice", at="values", code="repeated")
    missing = {"attributes": [*ATTRIBUTES, {"key": "new", "type": "text", "required": True}]}
    yield _sent("PATCH", drop, 409, missing, "a required attribute that favorites lack")


def _categories() -> Iterator[Row]:
    for name, value, code in (("none", None, "required"), ("blank", " ", "required"), ("long", "x" * 1001, "too_long")):
        wanted = "blank" if name == "blank" else code
        yield _sent("POST", "/categories", 422, {"name": value}, f"name: {name}", at="/name", code=wanted)
    yield _sent("POST", "/categories", 409, {"name": "N\u00d3VELS"}, "a taken name", at="/name", code="taken")
    yield _sent("PATCH", "/categories/2", 409, {"name": "novels"}, "a taken name", at="/name", code="taken")
    new = {"name": "New", "favorites_count": 0}
    yield _sent("POST", "/categories", 422, new, "a count", at="/favorites_count", code="read_only")
    yield _sent("DELETE", "/categories/1", 409, None, "favorites in it")
    yield _sent("DELETE", "/categories/1?favorites=keep", 400, None, "another word", at="favorites", code="not_allowed")
    yield _sent("DELETE", "/categories/3?favorites=delete", 404, None, "another account's")


def _queries() -> Iterator[Row]:
    for query, at, code in (
        ("attributes.moood=dark", "attributes.moood", "unknown"),
        ("attributes.=dark", "attributes.", "unknown"),
        ("attributes=dark", "attributes", "unknown"),
        ("attributes[mood]=dark", "attributes[mood]", "unknown"),
        ("attributes.mood[starts]=d", "attributes.mood[starts]", "unknown"),
        ("attributes.mood=bright", "attributes.mood", "not_allowed"),
        ("attributes.text[gt]=a", "attributes.text[gt]", "unknown"),
        ("attributes.text=%00", "attributes.text", "invalid_character"),
        ("attributes.integer=1.5", "attributes.integer", "invalid"),
        ("attributes.integer=%D9%A1", "attributes.integer", "invalid"),
        ("attributes.number=NaN", "attributes.number", "invalid"),
        ("attributes.number[in]=1,x", "attributes.number[in]", "invalid"),
        ("attributes.boolean=1", "attributes.boolean", "invalid"),
        ("attributes.date[gte]=1990-13", "attributes.date[gte]", "invalid_date"),
        ("attributes.url=example.com", "attributes.url", "invalid_url"),
        ("attributes.mood[null]=yes", "attributes.mood[null]", "invalid"),
        ("attributes.mood=", "attributes.mood", "blank"),
        ("attributes.text[like]=x", "attributes.text[like]", "unknown"),
        ("attributes.mood=dark&category_id=3", "attributes.mood", "unknown"),
        ("attributes.mood=dark&category_id=x", "category_id", "invalid"),
        ("account_id=2", "account_id", "unknown"),
        ("former_books=1", "former_books", "unknown"),
        ("sort=account_id", "sort", "unknown"),
        ("sort=attributes.mood", "sort", "unknown"),
        ("fields=account_id", "fields", "unknown"),
        ("q=new", "q", "unknown"),
        ("ranking=1.0", "ranking", "invalid"),
        ("limit=101", "limit", "out_of_range"),
        ("cursor=x", "cursor", "damaged"),
    ):
        yield _sent("GET", f"/favorites?{query}", 400, None, query, at=at, code=code)
    yield _sent("GET", "/categories/2/favorites?attributes.mood=dark", 400, None, "an attribute of another category")
    yield _sent("GET", "/categories?attributes=mood", 400, None, "attributes", at="attributes", code="unknown")
