"""The second look: what somebody may have meant whose words find nothing, or next to nothing.

A word that the catalog does not know, or that finds nothing beside the others, was perhaps misspelt: it is tried with
the catalog's own words that are a slip away (a letter left out, added, replaced, or two swapped), or else with the most
similar ones. What changes least and then finds most is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from sqlalchemy import Column, Index, Table, Text, column, func

from extensions.database import db, fetch
from extensions.statement import Statement

from . import counts, shapes
from .query import Query
from .resource import Resource

FEW = 2  # rows, with which a question may be misspelt all the same
MANY_MORE = 10  # times the rows
MOST_WORDS = 12  # in a question that is corrected
MOST_NEAR = 60  # words tried instead of one
MOST_TRIED = 400  # corrections of a question

# Every word that a record was ever found by, sometimes twice; triggers add to it.
VOCABULARY = Table(
    "vocabulary",
    db.metadata,
    Column("word", Text(collation="C"), nullable=False),
    Index("ix_vocabulary_word", "word"),
    Index("ix_vocabulary_slips", func.slips(column("word")), postgresql_using="gin"),
    Index(
        "ix_vocabulary_trigrams",
        "word",
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    ),
)

Near = tuple[tuple[int, str], ...]

_NEARBY = Statement("SELECT * FROM words_nearby(%(words)s)")


@dataclass(frozen=True)
class Word:
    """A word of a question, whether the catalog knows it (as it does each letter), and what it may stand for, each
    with its distance.
    """

    text: str
    known: bool
    near: Near

    @classmethod
    def of(cls, text: str, known: bool, near: list[str]) -> Word:
        close = sorted((steps, other) for other in near if (steps := distance(text, other)) <= 1 + len(text) // 5)
        return cls(text, known, tuple(close[:MOST_NEAR]))


@dataclass(frozen=True)
class Correction:
    """Other words for a question. `distance`: by how many letters they differ from those that were asked, and how many
    of them in the first.
    """

    words: tuple[str, ...]
    distance: tuple[int, int]

    @classmethod
    def of(cls, asked: list[Word], chosen: tuple[tuple[int, str], ...]) -> Correction:
        other_beginnings = sum(new[:1] != word.text[:1] for (_, new), word in zip(chosen, asked, strict=True))
        return cls(tuple(new for _, new in chosen), (sum(steps for steps, _ in chosen), other_beginnings))


def of(resource: Resource, asked: Query, found: int) -> str | None:
    """What to search for instead of a question that finds no more than `found` rows; None if nothing is known that
    finds many more.
    """
    assert asked.question is not None
    question = asked.question.values[0]
    if question.phrases or len(question.words.split()) > MOST_WORDS:
        return None  # a phrase is meant as it stands
    unfinished = "*" if question.last else ""
    nearby = fetch(_NEARBY, {"words": question.words + unfinished})
    words = [Word.of(text, known or len(text) == 1, near) for text, known, near in nearby]
    if not words or not all(word.known or word.near for word in words):
        return None
    choices = list(_choices(words))
    tried = list(islice((Correction.of(words, chosen) for each in choices for chosen in product(*each)), MOST_TRIED))
    if not tried:
        return None
    values = shapes.values_of(asked) | {
        "searches": [_all(correction.words) for correction in tried],
        "any": " | ".join(_all(f"({_any(text for _, text in choice)})" for choice in each) for each in choices),
    }
    counted = fetch(counts.among(resource, shapes.of(resource, asked).conditions), values)
    better = [(place, count) for place, count in counted if count >= found * MANY_MORE]
    best = min(((*tried[place - 1].distance, -count, place) for place, count in better), default=None)
    if best is None:
        return None
    unwanted = (f'-"{one}"' if " " in one else f"-{one}" for one in question.without.splitlines())
    return " ".join([*tried[best[-1] - 1].words, *unwanted])


def _choices(words: list[Word]) -> Iterator[list[Near]]:
    """For each word what it may stand for: other words for all that are not known; or for one, if all are."""
    asked: list[Near] = [((0, word.text),) for word in words]
    if not all(word.known for word in words):
        yield [kept if word.known else word.near for word, kept in zip(words, asked, strict=True)]
        return
    for place, word in enumerate(words):
        if word.near:
            yield [*asked[:place], word.near, *asked[place + 1 :]]


def _all(words: Iterable[str]) -> str:
    return " & ".join(words)


def _any(words: Iterable[str]) -> str:
    return " | ".join(words)


def distance(one: str, other: str) -> int:
    """How many letters must be left out, added, replaced or swapped with their neighbours to get from one word to the
    other, none of them twice (optimal string alignment).
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for place, wanted in enumerate(other, 1):
            best = min(last[place] + 1, current[-1] + 1, last[place - 1] + (letter != wanted))
            if row > 1 and place > 1 and letter == other[place - 2] and one[row - 2] == wanted:
                best = min(best, before[place - 2] + 1)
            current.append(best)
        before, last = last, current
    return last[-1]
