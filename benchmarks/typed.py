"""Makes queries as people type them: with or without case and accents, unfinished, and with typing errors.

A word is a run of letters and digits in any script. This uses no knowledge of how the service parses a query.
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
    """Return the words of a text, in their order."""
    return _word.findall(text)


def plain(text: str) -> str:
    """Return the text in lower case, and without accents in scripts where people leave them out."""
    kept, before = [], ""
    for char in unicodedata.normalize("NFD", text.lower()):
        if not unicodedata.combining(char):
            before = script(char)
        elif before in WRITTEN_WITHOUT_ACCENTS:
            continue
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def key(text: str) -> str:
    """Return a key that texts share if they differ only in case, accents and punctuation."""
    return " ".join(words(plain(text)))


def without_operators(text: str) -> str:
    """Return the text without the operators of `q`: quotation marks, and a minus before a word."""
    return " ".join(_operator.sub(" ", text).split())


def script(char: str) -> str:
    """Return the script of a letter by its Unicode name: LATIN, GREEK, CJK; DIGIT for a digit."""
    return unicodedata.name(char, "").partition(" ")[0]


def unfinished(chance: random.Random, word: str) -> str:
    """Return the first letters of a word, at least one."""
    return word[: chance.randint(1, max(1, len(word) - 1))]


class Typist:
    """Makes typing errors, with letters of the same script as often as `texts` have them."""

    def __init__(self, chance: random.Random, texts: Iterable[str]) -> None:
        self.chance = chance
        self.letters: dict[str, list[str]] = {}
        for text in texts:
            for char in "".join(words(plain(text))):
                self.letters.setdefault(script(char), []).append(char)

    def slip(self, word: str) -> tuple[str, str]:
        """Return the word with one typing error, and the kind of error.

        Two letters are swapped, or one is dropped, added or replaced. The result differs beyond case and accents.
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
