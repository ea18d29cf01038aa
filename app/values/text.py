"""Text as the catalog stores it: Unicode NFC, trimmed, without harmful characters.

White space is the Unicode property White_Space, not ``str.isspace`` (which includes U+001C to U+001F).
"""

from __future__ import annotations

import re
import unicodedata

from .error_detail import reject

# Written in the syntax that Python and ECMA-262 share, because JSON Schema patterns contain the same text.
WHITE_SPACE = r"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Control characters other than white space, bidirectional overrides and isolates. (Lone surrogates are harmful too, but
# no pattern outside Python can express them.)
HARMFUL = r"\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069"
# Invisible characters: Default_Ignorable_Code_Point of the Basic Multilingual Plane, and the empty braille cell.
# Tags and variation selectors beyond it (U+E0000 to U+E0FFF) are added in Python, where they are single characters.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
# The JSON Schema pattern of text: no harmful character, and at least one visible one.
PATTERN = rf"^[^{HARMFUL}]*[^{HARMFUL}{WHITE_SPACE}{INVISIBLE}][^{HARMFUL}]*$"
PATTERN_WITHOUT_COMMA = PATTERN.replace("[^", "[^,")

_SPACES = "".join(chr(code) for code in range(0x3001) if re.fullmatch(f"[{WHITE_SPACE}]", chr(code)))
LONGEST_STACK = 30  # combining marks on one letter, as in the Stream-Safe Text Format (UAX #15)

_white_space = re.compile(f"[{WHITE_SPACE}]+")
_marks = "".join(chr(code) for code in range(0x110000) if unicodedata.combining(chr(code)))
_tall_stack = re.compile(f"[{_marks}]{{{LONGEST_STACK + 1}}}")
# A set without characters beyond the Basic Multilingual Plane is searched twenty times as fast.
_beyond_basic = re.compile("[^\0-\uffff]")
_tall_stack_of_basic_marks = re.compile(f"[{_beyond_basic.sub('', _marks)}]{{{LONGEST_STACK + 1}}}")
_accents = re.compile("[\u0300-\u036f]")
_harmful = re.compile(rf"[{HARMFUL}\ud800-\udfff]")
_unprintable = re.compile(rf"[{HARMFUL}\u0009-\u000d\u0085\u2028\u2029\ud800-\udfff]")
_unusual = re.compile(rf"(?! )[{HARMFUL}{WHITE_SPACE}{INVISIBLE}\ud800-\udfff\U000e0000-\U000e0fff]")
_visible = re.compile(rf"[^{WHITE_SPACE}{INVISIBLE}\U000e0000-\U000e0fff]")


def are_plain_lines(values: list[str]) -> bool:
    """Whether `line` returns each of several texts unchanged: for nearly all texts, and much faster."""
    joined = " ".join(values)
    if not joined or "  " in joined or joined.strip(" ") != joined:
        return False
    if _is_plain(joined):
        return True
    return not _unusual.search(joined) and not _has_tall_stack(joined) and unicodedata.is_normalized("NFC", joined)


def paragraphs(value: str) -> str:
    """Return text of several lines in NFC and trimmed; reject harmful, invisible and empty text."""
    if _is_plain(value) and (trimmed := value.strip(" ")):
        return trimmed
    return _checked(_composed(value).strip(_SPACES))


def line(value: str) -> str:
    """Return text of one line: as `paragraphs`, with single spaces for white space."""
    if _is_plain(value) and "  " not in value and (trimmed := value.strip(" ")):
        return trimmed
    return _checked(_white_space.sub(" ", _composed(value)).strip(" "))


def fragment(value: str) -> str:
    """Return a part of a line to search for: as `line`, but not trimmed.

    So "The " does not find "Theory". Rejects text that is only accents, because nothing of it is left once it is
    folded.
    """
    _checked(_accents.sub("", value))
    return _checked(_white_space.sub(" ", _composed(value)))


def folded(value: str) -> str:
    """Return text for comparisons without case: NFKC, lower case.

    It is normalized once more, because lower case can decompose a letter. Folding twice changes nothing. Final sigma is
    a sigma: lower case depends on what follows it.
    """
    if value.isascii():
        return value.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).lower()).replace("ς", "σ")


def _is_plain(value: str) -> bool:
    """Whether a text is printable ASCII: a fast path, since most texts are."""
    return value.isascii() and value.isprintable()


def _composed(value: str) -> str:
    """Return `value` in NFC.

    Rejects tall stacks of marks, because the time grows with the square of their height.
    """
    if _has_tall_stack(value):
        reject("invalid_character", f"This has more than {LONGEST_STACK} combining marks in a row; remove some.")
    return unicodedata.normalize("NFC", value)


def escaped(value: str) -> str:
    r"""Return text for a terminal or a log line: control characters and line breaks as escapes, such as ``\x1b``."""
    return value if value.isprintable() else _unprintable.sub(_escape, value)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _has_tall_stack(value: str) -> bool:
    pattern = _tall_stack if _beyond_basic.search(value) else _tall_stack_of_basic_marks
    return pattern.search(value) is not None


def showable(value: str, longest: int = 80) -> str:
    """Return `value` as an error may show it: escaped, and cut to `longest` characters."""
    shown = escaped(value)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _checked(value: str) -> str:
    match = _harmful.search(value)
    if match:
        reject("invalid_character", f"This contains the character U+{ord(match[0]):04X}; remove it.")
    if not _visible.search(value):
        reject("blank", "This is blank; send text with a visible character.")
    return value
