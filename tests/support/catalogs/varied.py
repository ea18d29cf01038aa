"""A catalog of records with varied values, and the order of lists by the contract.

Every value is chosen from a few, so that records tie in sorts, and a filter matches some of them but not all.
"""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient

Row = dict[str, Any]

LONG = "Long title " * 20  # more than the 200 characters by which text is ordered
VALUES: dict[str, list[Any]] = {
    "title": [
        "The Left Hand of Darkness",
        "the left hand of darkness",
        "Theory",
        "Cien años de soledad",
        "CIEN ANOS",
        "100% wolf",
        "100 wolves",
        "under_score",
        "underscore",
        "Back\\slash",
        "Émile",
        "emile",
        "A, B",
        "B",
        LONG + "a",
        LONG + "b",
        LONG,
        "Zoë’s “quoted” [title]",
        "Шинель",
        "雪国",
    ],
    "subtitle": [None, None, "A novel", "a Novel", "50 % off", "Été, hiver"],
    "published": [
        None,
        None,
        "-0800",
        "-0044",
        "0001",
        "1990",
        "1990-05",
        "1990-05-17",
        "1990-05-31",
        "1990-06",
        "1990-12-31",
        "1991",
        "1991-01-01",
        "2000-02-29",
        "9999-12-31",
    ],
    "publisher": [None, "Ace", "ACE", "Ace Books", "Éditions de Minuit", "A, B", "B"],
    "language": [None, "en", "en-GB", "pt-BR", "fr", "zh-Hant"],
    "page_count": [None, None, 1, 99, 100, 101, 304, 100_000],
    "series": [None, None, "Hainish", "hainish", "Hainish Cycle", "X_Y"],
    "series_position": [None, None, 0, 0.1, 1, 1.5, 2, 100_000],
    "subjects": [[], [], ["Fiction"], ["fiction"], ["Fiction", "Gender"], ["Gender", "A, B", "100%"], ["A", "B"]],
    "name": [
        "Ursula K. Le Guin",
        "ursula k. le guin",
        "Homer",
        "Virgil",
        "Gabriel García Márquez",
        "Emily Brontë",
        "Anne Bronte",
        "A_B",
        "AxB",
        "O, P",
        "P",
        "夏目漱石",
    ],
    "alternate_names": [[], [], ["Le Guin"], ["Homère", "HOMEROS"], ["Ellis Bell", "The % Man"], ["Publius, Maro"]],
    "birth_date": [None, None, "-0800", "-0070", "1818-07-30", "1818", "1929-10-21", "1929-10"],
    "death_date": [None, "-0019", "1848", "1848-12-19", "2018-01", "2018-01-22"],
    "credited_as": [None, None, None, "Ellis Bell", "U. Le Guin", "ÉLLIS BELL"],
    "role": ["author", "editor", "translator"],
}
IDENTIFIERS = [
    {},
    {},
    {"openlibrary": ["OL1"]},
    {"openlibrary": ["OL1", "OL2"], "gutenberg": ["84"]},
    {"gutenberg": ["a:b, c"]},
    {"isbn": ["9780441478125"]},
]
BATCH = 15  # records of one batch are created at the same time
SORTS = {
    "books": ("id", "title", "published", "page_count", "series_position", "created_at", "updated_at"),
    "authors": ("id", "name", "sort_name", "birth_date", "created_at", "updated_at"),
}


class VariedCatalog:
    """A client of a catalog that does not change, and all its records by id."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.rows: dict[str, list[Row]] = {path: self._read_all(path) for path in SORTS}

    def get(self, address: str) -> Row:
        """The page or the record at an address."""
        response = self.client.get(address)
        assert response.status_code == 200, f"{address}: {response.text}"
        return dict(response.json or {})

    def _read_all(self, path: str) -> list[Row]:
        rows: list[Row] = []
        while page := self.get(f"/{path}?limit=100&offset={len(rows)}")["data"]:
            rows += page
        return rows


def isbn(number: int) -> str:
    """A valid ISBN-13, a different one for each number."""
    first = f"978{number:09d}"
    return first + check_digit(first)


def check_digit(first: str) -> str:
    """The last digit of an ISBN-13 that begins with these twelve."""
    return str(-sum(int(digit) * (1, 3)[index % 2] for index, digit in enumerate(first)) % 10)


def varied_authors(count: int, seed: int = 1) -> list[Row]:
    """Authors to POST."""
    choose = random.Random(seed)
    return [
        {
            "identifiers": choose.choice(IDENTIFIERS),
            **{name: choose.choice(VALUES[name]) for name in ("name", "alternate_names", "birth_date", "death_date")},
            **({"sort_name": choose.choice(VALUES["name"])} if choose.random() < 0.3 else {}),
        }
        for _ in range(count)
    ]


def varied_books(count: int, author_ids: list[int], seed: int = 2) -> list[Row]:
    """Books to POST, by these authors or by none."""
    choose = random.Random(seed)
    columns = (
        "title",
        "subtitle",
        "published",
        "publisher",
        "language",
        "page_count",
        "series",
        "series_position",
        "subjects",
    )
    return [
        {
            **{name: choose.choice(VALUES[name]) for name in columns},
            "isbn": isbn(number) if choose.random() < 0.7 else None,
            "identifiers": choose.choice(IDENTIFIERS),
            "authors": [
                {"id": author_id, "role": role, "credited_as": choose.choice(VALUES["credited_as"])}
                for author_id, role in sorted(
                    {
                        (choose.choice(author_ids), choose.choice(VALUES["role"]))
                        for _ in range(choose.choice((0, 1, 1, 2, 3)))
                    }
                )
            ]
            if author_ids
            else [],
        }
        for number in range(count)
    ]


def store(client: FlaskClient, path: str, documents: list[Row]) -> list[Row]:
    """POST records in batches and return their representations."""
    stored: list[Row] = []
    for start in range(0, len(documents), BATCH):
        response = client.post(path, json=documents[start : start + BATCH])
        assert response.status_code == 201, response.text
        stored += response.json["data"]
    return stored


def fold(text: str) -> str:
    """Text without case and accents (of the Latin letters that are used here)."""
    apart = unicodedata.normalize("NFD", text)
    folded = "".join(letter for letter in apart if not unicodedata.combining(letter)).lower()
    return folded.translate({0x2019: "'", 0x201C: '"', 0x201D: '"'})


def identity(name: str) -> str:
    """The key of a name: no case, accents or punctuation, given names first, initials joined."""
    family, comma, given = fold(name).partition(",")
    words = re.split(r"[\W_]+", f"{given} {family}" if comma else family)
    text = " ".join(word for word in words if word)
    return re.sub(r"\b(\w) (?=\w\b)", r"\1", text)


def date_key(partial: str) -> tuple[int, int, int]:
    """The sort key of a partial date: years precede their months, months their days."""
    if partial.startswith("-"):
        return int(partial), 0, 0
    year, month, day = [*map(int, partial.split("-")), 0, 0][:3]
    return year, month, day


def sort_value(row: Row, name: str) -> Any:
    """The value that a row is sorted by; None if it is unknown."""
    value = row[name]
    if value is None:
        return None
    if name in ("title", "name", "sort_name"):
        return fold(value)[:200]
    if name in ("published", "birth_date"):
        return date_key(value)
    if name in ("created_at", "updated_at"):
        return datetime.fromisoformat(value)
    return value


def in_order(rows: list[Row], sort: str) -> list[Row]:
    """Sort rows as lists are sorted.

    Unknown values are last in both directions. Ties are sorted by id, in the direction of the last key.
    """
    keys = sort.split(",")
    ordered = sorted(rows, key=lambda row: row["id"], reverse=keys[-1].startswith("-"))
    for key in reversed(keys):
        name = key.removeprefix("-")
        known = [row for row in ordered if row[name] is not None]
        unknown = [row for row in ordered if row[name] is None]
        known.sort(key=lambda row: sort_value(row, name), reverse=key.startswith("-"))
        ordered = known + unknown
    return ordered
