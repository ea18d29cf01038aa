"""The words of the generated catalog: a list of common ones, and rare ones made of syllables, all ranked."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import accumulate


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


FUNCTION_WORDS = words("the of and a in to for on with from by at an or as his her my our its their under over")
COMMON_WORDS = words(
    """
    history life love story world new night house time man woman book little great war art poems stories king city
    day children river letters secret last death dark light sea road garden journey heart land power introduction
    guide science study theory practice modern early century american english french german ancient music language
    nature mind body water fire stone winter summer spring autumn star moon sun island mountain forest bird horse
    dog wolf lion dragon ghost shadow dream memory silence song dance bridge door window mirror key crown sword
    castle tower queen prince princess daughter son mother father brother sister friend stranger lady captain doctor
    soldier detective murder crime mystery adventure return lost hidden forgotten broken golden silver black white
    red blue green first second third beginning end law politics economics society culture education philosophy
    religion god church gospel school family marriage home kitchen cooking bread wine travels voyage ship harbour
    railway machine engine computer design method analysis principles handbook essays lectures papers works complete
    selected collected volume part edition
    """
)
GIVEN_NAMES = words(
    """
    John Mary William Anna James Elizabeth George Margaret Charles Alice Thomas Jane Henry Sarah Robert Emma Edward
    Charlotte Joseph Catherine Arthur Helen David Ruth Paul Marie Peter Louise Richard Frances Frank Agnes Walter
    Edith Albert Clara Samuel Julia Ernest Rose Karl Ingrid Hans Greta Pierre Simone Jean Colette Luis Carmen Carlos
    Sofía José María Giovanni Elena Ivan Olga Fyodor Anastasia Haruki Yoko Kenji Naoko Wei Ling Ngũgĩ Chimamanda
    Ahmed Leila Rabindranath Indira Søren Astrid Łukasz Agnieszka Zoë Björn Ursula Toni Octavia Ray Isaac Agatha
    Dorothy Jorge
    """
)
SURNAMES = words(
    """
    Smith Johnson Brown Taylor Wilson Davies Evans Thomas Walker White Clark Hall Young King Wright Green Baker Hill
    Scott Adams Nelson Carter Mitchell Roberts Turner Phillips Campbell Parker Collins Edwards Stewart Morris Murphy
    Cook Rogers Morgan Cooper Bailey Reed Kelly Howard Ward Cox Richardson Wood Watson Bennett Gray Hughes Price
    Myers Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Dupont Martin Bernard Dubois Moreau Laurent
    García Martínez López González Rodríguez Fernández Rossi Russo Ferrari Bianchi Ivanov Petrov Sidorov Tolstoy
    Nowak Kowalski Novák Svensson Hansen Nielsen Jensen Suzuki Tanaka Watanabe Yamamoto Chen Wang Zhang Liu Kim Park
    Nguyen Tran Singh Kumar Sharma Khan Ali O'Brien McCarthy Öztürk Yılmaz Adeyemi Okafor Achebe
    """
)
ONSETS = words("b c d f g h j k l m n p r s t v w b c d f g l m n p r s t br ch cl dr fl gr pl pr sh sp st th tr qu")
VOWELS = words("a a a e e e e i i i o o o u u ai ea ou")
CODAS = ["", "", *words("l m n r s t ck d nd ng nt rn st")]
ENDINGS = ["", "", "", *words("ing ed er ness ly tion ment s al ia ism")]
SURNAME_ENDINGS = ["", "", *words("son man er ski ov sen ini ez berg ton ley wood")]


def made_up(chance: random.Random, count: int, endings: Sequence[str], taken: Iterable[str]) -> list[str]:
    """Return `count` distinct pronounceable words, without those in `taken`."""
    found: dict[str, None] = {}
    taken = set(taken)
    while len(found) < count:
        syllables = chance.choices((1, 2, 3), (2, 5, 2))[0]
        parts = [chance.choice(ONSETS) + chance.choice(VOWELS) for _ in range(syllables)]
        word = "".join(parts) + chance.choice(CODAS) + chance.choice(endings)
        if len(word) > 3 and word not in taken:
            found[word] = None
    return list(found)


class Ranked:
    """Ranked items; rank r is selected about r ** -`exponent` times as often as the first (Zipf's law)."""

    def __init__(self, items: Sequence[str], exponent: float = 1.0, shift: float = 2.0) -> None:
        self.items = items
        self.weights = list(accumulate((rank + shift) ** -exponent for rank in range(len(items))))

    def draw(self, chance: random.Random, count: int) -> list[str]:
        """Return `count` random items, with repetitions."""
        return chance.choices(self.items, cum_weights=self.weights, k=count)
