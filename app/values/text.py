"""Text as the catalog stores it: Unicode NFC, trimmed, without characters that do harm or show nothing.

White space is the Unicode property White_Space, not ``str.isspace`` (which takes U+001C to U+001F too).
"""

from __future__ import annotations

import re
import unicodedata

from .flaw import reject

# Written for Python and for ECMA-262 alike: the same text stands in JSON Schema patterns.
WHITE_SPACE = r"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Control characters that are no white space, bidirectional overrides and isolates. (Lone surrogates, too, but no
# pattern outside Python can name them.)
HARMFUL = r"\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069"
# What shows nothing: Default_Ignorable_Code_Point of the Basic Multilingual Plane, and the empty braille cell.
# Tags and variation selectors beyond it (U+E0000 to U+E0FFF) are added in Python, where they are one character.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
# A JSON Schema pattern that text meets: nothing harmful, and something to see.
PATTERN = rf"^[^{HARMFUL}]*[^{HARMFUL}{WHITE_SPACE}{INVISIBLE}][^{HARMFUL}]*$"
PATTERN_WITHOUT_COMMA = PATTERN.replace("[^", "[^,")

_SPACES = "".join(chr(code) for code in range(0x3001) if re.fullmatch(f"[{WHITE_SPACE}]", chr(code)))
LONGEST_STACK = 30  # combining marks on one letter: the Stream-Safe Text Format (UAX #15)

_white_space = re.compile(f"[{WHITE_SPACE}]+")
_marks = "".join(chr(code) for code in range(0x110000) if unicodedata.combining(chr(code)))
_tall_stack = re.compile(f"[{_marks}]{{{LONGEST_STACK + 1}}}")
_accents = re.compile("[\u0300-\u036f]")
_harmful = re.compile(rf"[{HARMFUL}\ud800-\udfff]")
_visible = re.compile(rf"[^{WHITE_SPACE}{INVISIBLE}\U000e0000-\U000e0fff]")


def paragraphs(value: str) -> str:
    """Text of several lines: NFC and trimmed, its lines kept. Refuses harmful, invisible and empty text."""
    if _is_plain(value) and (trimmed := value.strip(" ")):
        return trimmed
    return _checked(_composed(value).strip(_SPACES))


def line(value: str) -> str:
    """Text of one line: as `paragraphs`, and any run of white space becomes one space."""
    if _is_plain(value) and "  " not in value and (trimmed := value.strip(" ")):
        return trimmed
    return _checked(_white_space.sub(" ", _composed(value)).strip(" "))


def fragment(value: str) -> str:
    """A part of a line, to look for: as `line`, but a space at its edge counts ("The " finds no "Theory").

    Refuses accents alone, too, of which nothing is left where they do not matter.
    """
    _checked(_accents.sub("", value))
    return _checked(_white_space.sub(" ", _composed(value)))


def _is_plain(value: str) -> bool:
    """Whether all of a text is ASCII that can be printed, and spaces: a quick look, since most texts are."""
    return value.isascii() and value.isprintable()


def _composed(value: str) -> str:
    """`value` in NFC. The time that takes grows with the square of a stack of marks, so a tall one is refused."""
    if _tall_stack.search(value):
        reject("invalid_character", f"More than {LONGEST_STACK} combining marks follow each other.")
    return unicodedata.normalize("NFC", value)


def showable(value: str, longest: int = 80) -> str:
    """`value` made fit to be shown in an error: harmful characters replaced, cut to `longest` characters."""
    shown = _harmful.sub("\ufffd", value)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _checked(value: str) -> str:
    found = _harmful.search(value)
    if found:
        reject("invalid_character", f"The character U+{ord(found[0]):04X} is not allowed in text.")
    if not _visible.search(value):
        reject("blank", "Text must hold something to read; send null for what is unknown.")
    return value
