"""Suggests another spelling for a search that matches nothing, or almost nothing.

A word that is not in the catalog, or that matches nothing together with the others, may be misspelled. Candidates are
words of the catalog one edit away (a letter missing, added, replaced, or two swapped), else the most similar ones. The
correction with the fewest edits wins, then the one with the most matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from sqlalchemy import Column, Index, Table, Text, column, func

from app.core.query.query import Query
from app.core.resource import Resource
from extensions.database import Share, Statement, db, fetch

from .counts import count_of_searches
from .shape import selection_of, values_of

FEW = 2  # matches up to which a search may be misspelled
MANY_MORE = 10  # times the matches that a correction needs
MOST_WORDS = 12  # of a search that is corrected
MOST_CANDIDATES = 60  # for one word
MOST_CORRECTIONS = 400  # for one search

# Every word of any record, past or present, possibly twice. Maintained by triggers.
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

NearWords = tuple[tuple[int, str], ...]  # words, each with its edit distance

_NEARBY = Statement("SELECT * FROM words_nearby(%(words)s)")


@dataclass(frozen=True)
class Word:
    """A word of a search."""

    text: str
    is_known: bool  # whether it is in the catalog; a single letter counts as known
    candidates: NearWords

    @classmethod
    def from_nearby(cls, text: str, is_known: bool, nearby: list[str]) -> Word:
        """Return the word with the nearest of the words nearby."""
        near = sorted((edits, other) for other in nearby if (edits := distance(text, other)) <= 1 + len(text) // 5)
        return cls(text, is_known or len(text) == 1, tuple(near[:MOST_CANDIDATES]))


@dataclass(frozen=True)
class Correction:
    """Other words for a search, and their distance."""

    words: tuple[str, ...]
    distance: tuple[int, int]

    @classmethod
    def from_choice(cls, words: list[Word], chosen: tuple[tuple[int, str], ...]) -> Correction:
        """Return the correction with one chosen candidate for each word."""
        other_beginnings = sum(new[:1] != word.text[:1] for (_, new), word in zip(chosen, words, strict=True))
        return cls(tuple(new for _, new in chosen), (sum(edits for edits, _ in chosen), other_beginnings))


def suggest_spelling(resource: Resource, query: Query, matches: int) -> str | None:
    """Return a better text for a search with few `matches`.

    None if no other text has many more matches.
    """
    search = query.search
    assert search is not None
    if search.phrases or len(search.words.split()) > MOST_WORDS:
        return None  # a phrase is meant literally
    unfinished = "*" if search.last else ""
    words = [
        Word.from_nearby(*row) for row in fetch(_NEARBY, {"words": search.words + unfinished}, share=Share.SLOW_READS)
    ]
    if not words or not all(word.is_known or word.candidates for word in words):
        return None
    choices = list(_choices(words))
    chosen = (each for choice in choices for each in product(*choice))
    corrections = [Correction.from_choice(words, each) for each in islice(chosen, MOST_CORRECTIONS)]
    if not corrections:
        return None
    values = values_of(query) | {
        "searches": [_all(correction.words) for correction in corrections],
        "any": " | ".join(
            _all(f"({_any(text for _, text in candidates)})" for candidates in choice) for choice in choices
        ),
    }
    counts = fetch(count_of_searches(resource, selection_of(resource, query)), values, share=Share.SLOW_READS)
    better = [(number, count) for number, count in counts if count >= matches * MANY_MORE]
    best = min(((*corrections[number - 1].distance, -count, number) for number, count in better), default=None)
    if best is None:
        return None
    excluded = (f'-"{item}"' if " " in item else f"-{item}" for item in search.without.splitlines())
    return " ".join([*corrections[best[-1] - 1].words, *excluded])


def _choices(words: list[Word]) -> Iterator[list[NearWords]]:
    """Yield candidates for each word.

    All unknown words are replaced at once, or one word at a time if all are known.
    """
    unchanged: list[NearWords] = [((0, word.text),) for word in words]
    if not all(word.is_known for word in words):
        yield [same if word.is_known else word.candidates for word, same in zip(words, unchanged, strict=True)]
        return
    for index, word in enumerate(words):
        if word.candidates:
            yield [*unchanged[:index], word.candidates, *unchanged[index + 1 :]]


def _all(words: Iterable[str]) -> str:
    return " & ".join(words)


def _any(words: Iterable[str]) -> str:
    return " | ".join(words)


def distance(word: str, other: str) -> int:
    """Return the edit distance of two words.

    Edits are letters missing, added, replaced, or swapped with their neighbors. No letter is edited twice (optimal
    string alignment).
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, 1):
        current = [row]
        for index, wanted in enumerate(other, 1):
            best = min(last[index] + 1, current[-1] + 1, last[index - 1] + (letter != wanted))
            if row > 1 and index > 1 and letter == other[index - 2] and word[row - 2] == wanted:
                best = min(best, before[index - 2] + 1)
            current.append(best)
        before, last = last, current
    return last[-1]
