"""What a reader types to find something: words, ``"exact phrases"``, and what they do not want (``-without``)."""

from __future__ import annotations

import re
from typing import NamedTuple

from . import text

_part = re.compile(r'(?P<minus>(?<!\S)-(?=["\w]))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


class Question(NamedTuple):
    """`words` are all that are wanted, those of phrases too: the `finished` ones and the `last`, where that may be the
    beginning of a longer one, which the ``*`` behind it says. `phrases` and `without` stand one in each line.
    """

    words: str
    finished: str
    last: str = ""
    phrases: str = ""
    without: str = ""

    @property
    def form(self) -> str:
        """What there is to ask, a letter for each: ``f``, finished words; ``l``, a last one that may go on; ``x``,
        phrases or unwanted words; ``1``, one word alone. A search has ``r`` for ``f`` and ``q`` for ``l`` where it does
        without an index.
        """
        present = {
            "f": self.finished,
            "l": self.last,
            "x": self.phrases or self.without,
            "1": self.words and " " not in self.words,
        }
        return "".join(letter for letter, part in present.items() if part)


def read(value: str) -> Question:
    """The question that a text asks: nothing, where it holds neither letters nor digits. Refuses what `text.line`
    refuses.
    """
    value = text.line(value)
    wanted: list[str] = []
    phrases: list[str] = []
    without: list[str] = []
    unfinished = False
    for part in _part.finditer(value):
        minus, phrase, word = part.group("minus", "phrase", "word")
        said = word if phrase is None else phrase
        if not any(map(str.isalnum, said)):
            continue
        if minus:
            without.append(said)
            continue
        wanted.append(said)
        if phrase is not None:
            phrases.append(said)
        unfinished = phrase is None
    words = " ".join(wanted)
    last = f"{wanted.pop()}*" if wanted and unfinished else ""
    return Question(words, " ".join(wanted), last, "\n".join(phrases), "\n".join(without))
