"""Random records, and their values as they are stored."""

from __future__ import annotations

import copy
import unicodedata
from typing import Any

from hypothesis import strategies as st

Record = dict[str, Any]

ISBNS = ["9780441478125", "978-0-306-40615-7", "0-8044-2957-X"]

NORMAL_ISBN = {"9780441478125": "9780441478125", "978-0-306-40615-7": "9780306406157", "0-8044-2957-X": "9780804429573"}

lines = st.one_of(
    st.sampled_from(["A", "a", "É", "E\u0301", "  two   words\n", "100%_\\", "'; --", "<b>", "雪国", "x" * 300]),
    st.text("aBéß \t%_'\"\\,", min_size=1, max_size=10).filter(lambda text: text.strip() != ""),
)

dates = st.sampled_from(["-0044", "0001", "1990", "1990-05", "1990-05-17", "2000-02-29", "9999-12-31"])

names = st.sampled_from(["Homer", "Ursula K. Le Guin", "Anna  Nym", "Zoe\u0308 Z"])

identifiers = st.dictionaries(
    st.sampled_from(["openlibrary", "a.b-c_1"]),
    st.lists(lines.filter(lambda text: len(text) < 200), max_size=2),
    max_size=2,
)

roles = st.sampled_from(["author", "translator"])

BOOK: dict[str, st.SearchStrategy[Any]] = {
    "subtitle": st.none() | lines,
    "isbn": st.none() | st.sampled_from(ISBNS),
    "published": st.none() | dates,
    "publisher": st.none() | lines,
    "language": st.none() | st.sampled_from(["en", "PT-br", "ZH-hant"]),
    "page_count": st.none() | st.integers(1, 100_000),
    "description": st.none() | lines,
    "series": st.none() | lines,
    "series_position": st.none() | st.sampled_from([0, 1, 1.5, 100_000, 0.1]),
    "subjects": st.none() | st.lists(st.sampled_from(["A", "B", "b", " C ", "D\u0301"]), max_size=3, unique=True),
    "cover_url": st.none() | st.just("https://covers.example/1.jpg"),
    "identifiers": st.none() | identifiers,
}

AUTHOR: dict[str, st.SearchStrategy[Any]] = {
    "sort_name": st.none() | lines,
    "alternate_names": st.none() | st.lists(st.sampled_from(["A", "b"]), max_size=2, unique=True),
    "birth_date": st.none() | dates,
    "death_date": st.none() | dates,
    "biography": st.none() | lines,
    "identifiers": st.none() | identifiers,
}

books = st.fixed_dictionaries({"title": lines}, optional=BOOK)

authors = st.fixed_dictionaries({"name": names | lines}, optional=AUTHOR)

book_patches = st.fixed_dictionaries({}, optional={"title": lines, **BOOK})

author_patches = st.fixed_dictionaries({}, optional={"name": names | lines, **AUTHOR})

contributors = st.lists(
    st.tuples(st.integers(0, 5) | names, roles | st.none(), st.none() | lines),
    max_size=3,
    unique_by=lambda member: (member[0], member[1] or "author"),
)

EMPTY = {"subjects": [], "alternate_names": [], "identifiers": {}, "authors": []}


def line(text: str) -> str:
    """A line as it is stored."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def stored(name: str, value: Any) -> Any:
    """A value of a field as the representation has it."""
    if value is None:
        return copy.deepcopy(EMPTY.get(name))
    if name == "isbn":
        return NORMAL_ISBN[value]
    if name == "language":
        return {"en": "en", "PT-br": "pt-BR", "ZH-hant": "zh-Hant"}[value]
    if name in ("description", "biography"):
        return unicodedata.normalize("NFC", value).strip()
    if name == "identifiers":
        return {scheme: list(dict.fromkeys(map(line, values))) for scheme, values in value.items()}
    if isinstance(value, list):
        return [line(item) for item in value]
    return line(value) if isinstance(value, str) else value
