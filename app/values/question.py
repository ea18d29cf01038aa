"""What a reader types to find something: words, ``"exact phrases"``, and what they do not want (``-without``)."""

from __future__ import annotations

import re
from typing import NamedTuple

from . import text

# Words in so many titles that an unfinished word which may become one is no help to find anything.
_COMMON = "a an and as at by das de del der des die el en for from i in la las le les los of on the to und with"
BEGINNINGS = frozenset(word[:length] for word in _COMMON.split() for length in range(1, len(word) + 1))

_part = re.compile(r'(?P<minus>(?<!\S)-(?=["\w]))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_punctuation = re.compile("[!-/:-@\\[-`{-~‐-‟ʼ]+")
_syllables = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")  # each of which is a word of its own


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
        """What there is to ask, a letter for each: ``f``, finished words; ``l``, a last one that may go on, or ``s``
        where that is so short that too many words begin with it; ``x``, phrases or unwanted words; ``1``, one word
        alone. A search puts ``r`` for ``f`` and ``q`` for ``l`` where it does better without an index.
        """
        present = {
            "f": self.finished,
            "s" if self.last and _begins_much(self.last) else "l": self.last,
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


def _begins_much(last: str) -> bool:
    """Whether very many words begin as a last one does."""
    part = [part for part in _punctuation.split(last) if part][-1]
    return part.lower() in BEGINNINGS or (len(part) == 1 and not _syllables.search(part))
