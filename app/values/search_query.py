"""Search queries: words, ``"exact phrases"``, and words to exclude (``-without``)."""

from __future__ import annotations

import re
from typing import NamedTuple

from . import text

_part = re.compile(r'(?P<minus>(?<!\S)-(?=["\w]))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


class SearchForm(NamedTuple):
    """Which parts a search query has, and how its words are matched.

    Queries of one form share a statement.
    """

    finished: bool = False  # finished words
    last: bool = False  # a last word, which may be the beginning of a longer one
    phrases: bool = False  # phrases, or words to exclude
    single: bool = False  # a single word
    isbn: bool = False  # an ISBN, and nothing else
    finished_by_row: bool = False  # the finished words are checked row by row, not looked up in the index
    last_by_row: bool = False  # the last word is

    @property
    def has_words(self) -> bool:
        """Whether there are words to match, beside phrases and words to exclude."""
        return self.finished or self.last


class SearchQuery(NamedTuple):
    """A parsed search query. `phrases` and `without` hold one item in each line."""

    words: str  # all words to find, those of phrases included
    finished: str  # the words that are finished
    last: str = ""  # the last word, with a ``*`` after it, because it may be the beginning of a longer one
    phrases: str = ""
    without: str = ""

    @property
    def form(self) -> SearchForm:
        """Which parts the query has.

        Only an ISBN has `words` that are neither finished nor last.
        """
        is_isbn = bool(self.words) and not (self.finished or self.last)
        return SearchForm(
            finished=bool(self.finished),
            last=bool(self.last),
            phrases=bool(self.phrases or self.without),
            single=bool(self.words) and " " not in self.words and not is_isbn,
            isbn=is_isbn,
        )


def parse(value: str) -> SearchQuery:
    """Parse a search query. Rejects what `text.line` rejects.

    The result is empty if the text has neither letters nor digits.
    """
    value = text.line(value)
    words: list[str] = []
    phrases: list[str] = []
    without: list[str] = []
    is_unfinished = False
    for part in _part.finditer(value):
        minus, phrase, word = part.group("minus", "phrase", "word")
        content = word if phrase is None else phrase
        if not any(map(str.isalnum, content)):
            continue
        if minus:
            without.append(content)
            continue
        words.append(content)
        if phrase is not None:
            phrases.append(content)
        is_unfinished = phrase is None
    all_words = " ".join(words)
    last = f"{words.pop()}*" if words and is_unfinished else ""
    return SearchQuery(all_words, " ".join(words), last, "\n".join(phrases), "\n".join(without))
