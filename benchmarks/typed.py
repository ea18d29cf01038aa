"""What people type to find something: words that they remember, with their case and accents or without, and slips.

A word is a run of letters and digits, whatever the script. Nothing here knows how the service takes a query apart.
"""

from __future__ import annotations

import random
import re
import sys
import unicodedata
from collections.abc import Iterable

_marks = "".join(char for char in map(chr, range(sys.maxunicode)) if unicodedata.category(char)[0] == "M")
_word = re.compile(f"(?:[^\\W_][{_marks}]*)+")
_operator = re.compile(r'"|(?<!\S)-')
WRITTEN_WITHOUT_ACCENTS = ("LATIN", "GREEK")  # a Cyrillic й without its breve is another letter


def words(text: str) -> list[str]:
    """The words of a text, in their order."""
    return _word.findall(text)


def plain(text: str) -> str:
    """The text as who types in haste writes it: in lower case, and without accents where people leave them out."""
    kept, before = [], ""
    for char in unicodedata.normalize("NFD", text.lower()):
        if not unicodedata.combining(char):
            before = script(char)
        elif before in WRITTEN_WITHOUT_ACCENTS:
            continue
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def key(text: str) -> str:
    """What two texts share that differ only in case, accents and punctuation."""
    return " ".join(words(plain(text)))


def without_operators(text: str) -> str:
    """The text without what would be an operator in `q`: quotation marks, and a minus before a word."""
    return " ".join(_operator.sub(" ", text).split())


def script(char: str) -> str:
    """The script of a letter, as its name in Unicode begins: LATIN, GREEK, CJK; DIGIT for a digit."""
    return unicodedata.name(char, "").partition(" ")[0]


def unfinished(chance: random.Random, word: str) -> str:
    """The first letters of a word, not all of them where it has several."""
    return word[: chance.randint(1, max(1, len(word) - 1))]


class Typist:
    """Who makes a slip now and then; hits letters as often as `texts` hold them, each in its own script."""

    def __init__(self, chance: random.Random, texts: Iterable[str]) -> None:
        self.chance = chance
        self.letters: dict[str, list[str]] = {}
        for text in texts:
            for char in "".join(words(plain(text))):
                self.letters.setdefault(script(char), []).append(char)

    def slip(self, word: str) -> tuple[str, str]:
        """The word with one slip, which makes it another one even where case and accents do not matter; and its kind:
        two neighbours swapped, a letter dropped, added or replaced.
        """
        while True:
            kind = self.chance.choice(("swap", "drop", "add", "replace"))
            place = self.chance.randrange(len(word))
            before, char, after = word[:place], word[place], word[place + 1 :]
            match kind:
                case "swap":
                    changed = before + after[:1] + char + after[1:]
                case "drop":
                    changed = before + after
                case "add":
                    place = self.chance.randint(0, len(word))
                    changed = word[:place] + self._letter(char) + word[place:]
                case _:
                    changed = before + self._letter(char) + after
            if plain(changed) != plain(word) and words(changed) == [changed]:
                return changed, kind

    def _letter(self, neighbour: str) -> str:
        return self.chance.choice(self.letters.get(script(neighbour)) or [neighbour])
