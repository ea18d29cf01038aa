"""What a reader types to find something: words, ``"exact phrases"``, and what they do not want (``-without``)."""

from __future__ import annotations

import re
from typing import NamedTuple

from . import text

SHORT = 2  # letters of an unfinished word with which too many words begin for an index to be of use
# Words that stand in so many titles that to look them up in an index costs more than to look at what the others find.
_LIGHT = """
    a an and as at by for from in into is it of on or s the to with au aux d de des du en et l la le les
    un une am auf aus das dem den der die ein eine im in und von zu zur al con da das del della di do
    dos e el i il lo los o para por una y aan een het van voor och av og
"""
LIGHT = frozenset(_LIGHT.split())

_part = re.compile(r'(?P<minus>(?<!\S)-(?=["\w]))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_punctuation = re.compile("[!-/:-@\\[-`{-~‐-‟ʼ]+")
_syllables = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")  # each of which is a word of its own


class Question(NamedTuple):
    """`words` are all that are wanted, those of phrases too. `heavy` are those of them that an index can look up, and
    `light` those that it cannot: the most common ones, and the short beginning of one. In both a last ``*`` says that
    the last word may be unfinished. `phrases` and `without` stand one in each line.
    """

    words: str
    heavy: str
    light: str = ""
    phrases: str = ""
    without: str = ""

    @property
    def form(self) -> str:
        """What there is to ask: ``h`` for heavy words, ``l`` for light ones, ``x`` for phrases and unwanted words;
        ``1`` where there is one word alone.
        """
        alone = self.words and " " not in self.words
        present = {"h": self.heavy, "l": self.light, "x": self.phrases or self.without, "1": alone}
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
    heavy, light = _weighed(words, unfinished)
    return Question(words, heavy, light, "\n".join(phrases), "\n".join(without))


def _weighed(words: str, unfinished: bool) -> tuple[str, str]:
    """The heavy words of a question, and the light ones. Where there are no heavy ones, all that are finished are."""
    listed = words.split()
    last = [f"{listed.pop()}*"] if listed and unfinished else []
    heavy = [word for word in listed if word.lower() not in LIGHT]
    light = [word for word in listed if word.lower() in LIGHT]
    (light if last and _begins_much(last[0]) else heavy).extend(last)
    if not heavy:
        heavy, light = [word for word in light if word not in last], last
    return " ".join(heavy), " ".join(light)


def _begins_much(word: str) -> bool:
    """Whether very many words begin as an unfinished one does."""
    last = [part for part in _punctuation.split(word) if part][-1]
    return (len(last) <= SHORT and not _syllables.search(last)) or last.lower() in LIGHT
