"""Generates a catalog of any size, the same on every machine, with the words, names and gaps of real catalogs.

A catalog of n books has 0.3 n authors; a third of the books have two contributors, one in a hundred has none. Rows are
generated in chunks, each with its own seed, so that several processes share the work.

Its properties for search, compared with Project Gutenberg's catalogue:

- Titles and subtitles are one to ten words (4 on average; Gutenberg 8), each selected independently from 40,000,
  whatever the language of the book, the word of rank r about 1 / (r + 2) as often as the first. "the" is in 17 % of
  the titles and "of" in 12 % (Gutenberg 46 and 36 %); among all texts of a book, "the" is in 35 %. The word of rank
  100 is in 0.4 %, that of rank 10,000 in 4 of 100,000. One title in fifty is one of seven common titles.
- Publishers (9,000) end in "Press", "Books" or "& Sons", so that each of these is a word of 30 % of the books: more
  than any word but "the" of a real catalog, and expensive for a search that has to rank its matches.
- Names are of 86 given names and 30,000 surnames. Of a hundred authors, four begin with John, and 0.7 are called Smith,
  as in Gutenberg; of 300,000 names, 22 % belong to several authors. The most productive author has 0.5 % of the books.
  Alternate names (15 %) are an initial and the surname.
- There are about 70,000 different words in all, however many the books, nearly all of them in the Latin script and
  without accents. Real catalogs have more: Gutenberg's titles alone 58,000, of which every second one is in one title
  only. Here it is easier to find the nearest word to a misspelled one.
- The words of a title are independent, so that two frequent words occur together only by chance: in fewer books than in
  a real catalog, except for function words.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from .words import (
    COMMON_WORDS,
    ENDINGS,
    FUNCTION_WORDS,
    GIVEN_NAMES,
    SURNAME_ENDINGS,
    SURNAMES,
    Ranked,
    made_up,
    words,
)

SEED = 20
CHUNK = 10_000  # books
AUTHORS_A_BOOK = 0.3
LANGUAGES = words(
    """
    en fr de es it ru zh ja pt nl pl sv da fi no cs hu el tr ar he ko la uk ro ca pt-BR zh-Hant sr hr bg sk sl et lv
    lt is ga cy eu gl eo vi th id ms hi bn ta te ur fa sw yo am ka hy mn bo qu mi
    """
)
LANGUAGE_WEIGHTS = [5200, 1100, 900, 750, 400, 350, 250, 200, 180, 100, *(400 / rank**1.9 for rank in range(3, 54))]
FIRST_ROLES = {"author": 9600, "editor": 300, "compiler": 80, "adapter": 15, "contributor": 5}
SECOND_ROLES = {
    "author": 4500,
    "translator": 3000,
    "illustrator": 1500,
    "editor": 700,
    "introduction": 200,
    "narrator": 99,
    "photographer": 1,
}
SUBTITLES = ("A Novel", "Poems", "A Memoir", "Stories", "A Biography", "An Introduction")
POPULAR_TITLES = ("Poems", "Collected Works", "Selected Poems", "Short Stories", "Essays", "Letters", "Autobiography")
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)

Row = tuple[object, ...]


class Vocabulary:
    """The words and names that all chunks of a catalog select from."""

    def __init__(self) -> None:
        chance = random.Random(SEED)
        rare = made_up(chance, 40_000, ENDINGS, (*FUNCTION_WORDS, *COMMON_WORDS))
        self.words = Ranked([*FUNCTION_WORDS[:6], *COMMON_WORDS, *FUNCTION_WORDS[6:], *rare])
        self.nouns = Ranked([*COMMON_WORDS, *rare])
        strange = [word.capitalize() for word in made_up(chance, 30_000, SURNAME_ENDINGS, ())]
        self.surnames = Ranked([*SURNAMES, *strange], 0.85, shift=8)
        self.given_names = Ranked(GIVEN_NAMES, 0.7, shift=4)
        houses = [f"{name} {kind}" for name in self.surnames.items[:3000] for kind in ("Press", "Books", "& Sons")]
        chance.shuffle(houses)
        self.publishers = Ranked(houses, 0.95, shift=5)
        themes = [" ".join(self.nouns.draw(chance, count)) for count in chance.choices((1, 2, 3), (4, 3, 2), k=8000)]
        self.subjects = Ranked([theme.capitalize() for theme in dict.fromkeys(themes)], 0.9, shift=6)
        self.series = Ranked([f"The {' '.join(self.nouns.draw(chance, 2)).title()}" for _ in range(20_000)], 0.6)

    def phrase(self, chance: random.Random, count: int) -> str:
        """Return `count` words, the first one with a capital letter."""
        return " ".join(self.words.draw(chance, count)).capitalize()

    def title(self, chance: random.Random) -> str:
        """Return a title or a subtitle of one to ten words."""
        count = chance.choices(range(1, 11), (8, 18, 22, 18, 12, 9, 6, 4, 2, 1))[0]
        words = self.words.draw(chance, count)
        text = " ".join(word if word in FUNCTION_WORDS else word.capitalize() for word in words)
        return text[0].upper() + text[1:]


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary, generated once in each process."""
    return Vocabulary()


def authors_of(books: int) -> int:
    """Return the number of authors of a catalog of `books` books."""
    return int(books * AUTHORS_A_BOOK)


AUTHOR_COLUMNS = (
    "id",
    "name",
    "sort_name",
    "alternate_names",
    "birth_date",
    "death_date",
    "biography",
    "identifiers",
    "created_at",
    "updated_at",
)


def authors(start: int, stop: int) -> Iterator[Row]:
    """Yield the authors with ids from `start` to `stop` - 1, in the order of `AUTHOR_COLUMNS`."""
    chance, known = random.Random(f"{SEED} authors {start}"), vocabulary()
    for author_id in range(start, stop):
        surname = known.surnames.draw(chance, 1)[0]
        given = known.given_names.draw(chance, 1 if chance.random() < 0.6 else 2)
        if chance.random() < 0.2:
            given[-1] = f"{given[-1][0]}."
        name, sort_name = f"{' '.join(given)} {surname}", f"{surname}, {' '.join(given)}"
        others = [f"{given[0][0]}. {surname}"] if chance.random() < 0.15 else []
        born = chance.randint(1750, 1995) if chance.random() < 0.6 else None
        died = born + chance.randint(30, 95) if born and (born < 1920 or chance.random() < 0.1) else None
        biography = known.phrase(chance, 30) + "." if chance.random() < 0.1 else None
        identifiers = {"wikidata": [f"Q{chance.randint(1000, 99_999_999)}"]} if chance.random() < 0.4 else {}
        made = BEGINNING + timedelta(seconds=author_id)
        yield (
            *(author_id, name, sort_name, others, born and _date(chance, born), died and str(died)),
            *(biography, identifiers, made, made),
        )


BOOK_COLUMNS = (
    "id",
    "title",
    "subtitle",
    "isbn",
    "published",
    "publisher",
    "language",
    "page_count",
    "description",
    "series",
    "series_position",
    "subjects",
    "cover_url",
    "identifiers",
    "created_at",
    "updated_at",
)
CONTRIBUTION_COLUMNS = ("book_id", "author_id", "role", "position", "credited_as")


def books(start: int, stop: int, total: int) -> Iterator[tuple[Row, list[Row]]]:
    """Yield the books with ids from `start` to `stop` - 1 of a catalog of `total`, with their contributions."""
    chance, known, all_authors = random.Random(f"{SEED} books {start}"), vocabulary(), authors_of(total)
    languages = Ranked(LANGUAGES)
    languages.weights = [sum(LANGUAGE_WEIGHTS[: place + 1]) for place in range(len(LANGUAGES))]
    for book_id in range(start, stop):
        draw = chance.random
        title = chance.choice(POPULAR_TITLES) if draw() < 0.02 else known.title(chance)
        subtitle = None if draw() < 0.5 else chance.choice(SUBTITLES) if draw() < 0.2 else known.title(chance)
        isbn = isbn_of(book_id) if draw() < 0.6 else None
        published = _date(chance, int(chance.triangular(1800, 2025, 2015))) if draw() < 0.92 else None
        publisher = known.publishers.draw(chance, 1)[0] if draw() < 0.9 else None
        language = languages.draw(chance, 1)[0] if draw() < 0.97 else None
        page_count = int(chance.lognormvariate(5.5, 0.5)) + 8 if draw() < 0.8 else None
        description = known.phrase(chance, chance.randint(15, 60)) + "." if draw() < 0.4 else None
        series = known.series.draw(chance, 1)[0] if draw() < 0.15 else None
        position = chance.randint(1, 20) + (0.5 if draw() < 0.01 else 0) if series and draw() < 0.9 else None
        subjects = list(dict.fromkeys(known.subjects.draw(chance, chance.choice((0, 1, 1, 2, 3, 5)))))
        cover = f"https://covers.example/{book_id}.jpg" if draw() < 0.3 else None
        identifiers = {"openlibrary": [f"OL{book_id}M"]} if draw() < 0.7 else {}
        if draw() < 0.005:
            identifiers["isbn"] = [isbn_of(500_000_000 + book_id)]
        made = BEGINNING + timedelta(seconds=book_id * 3)
        changed = made + timedelta(seconds=chance.randint(1, 10_000_000)) if draw() < 0.3 else made
        yield (
            (
                *(book_id, title, subtitle, isbn, published, publisher, language, page_count, description),
                *(series, position, subjects, cover, identifiers, made, changed),
            ),
            list(_contributions(chance, known, book_id, all_authors)),
        )


def _contributions(chance: random.Random, known: Vocabulary, book_id: int, all_authors: int) -> Iterator[Row]:
    kind = chance.random()
    count = 0 if kind < 0.01 else 2 if kind < 0.344 else 1
    seen = set()
    for place in range(count):
        # A few authors wrote much, most of them one book or two.
        author_id = int(all_authors * chance.random() ** 2.2) + 1
        if author_id in seen:
            author_id = author_id % all_authors + 1
        seen.add(author_id)
        roles = SECOND_ROLES if place else FIRST_ROLES
        role = chance.choices(list(roles), list(roles.values()))[0]
        credited_as = known.surnames.draw(chance, 1)[0] if chance.random() < 0.02 else None
        yield book_id, author_id, role, place, credited_as


def _date(chance: random.Random, year: int) -> str:
    """Return a date in that year: a year, a month or a day."""
    precision = chance.random()
    if precision < 0.75:
        return f"{year:04}"
    month = chance.randint(1, 12)
    return f"{year:04}-{month:02}" if precision < 0.85 else f"{year:04}-{month:02}-{chance.randint(1, 28):02}"


def isbn_of(number: int) -> str:
    """Return the ISBN-13 whose nine digits before the check digit are `number` (ISO 2108)."""
    digits = f"978{number:09}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def copy_line(row: Row) -> str:
    """Return a row in the text format of COPY."""
    return "\t".join(map(_copy_value, row)) + "\n"


def _copy_value(value: object) -> str:
    match value:
        case None:
            return r"\N"
        case str():
            return value  # the generated texts contain no tab, line break or backslash
        case list():
            return "{" + ",".join(f'"{item}"' for item in value) + "}"
        case dict():
            return json.dumps(value)
        case datetime():
            return value.isoformat()
    return str(value)
