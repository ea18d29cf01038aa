"""The items of a JSON array (RFC 8259), parsed one by one in bounded memory."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from typing import Any, NamedTuple

from app.transfer.errors import ReadAborted

ITEM_CHUNK = 1 << 18  # characters read at once
MAX_ITEM = 1 << 23  # characters
# An error closer to the end of the buffer may be due to text that has not been read yet.
_CERTAIN = 32  # characters

_between = re.compile(r"[\s,]*")
_token = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_constant = re.compile(r"-?Infinity|NaN")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        repeated = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the member {repeated!r} occurs twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON")


# Also raises `ValueError` for duplicate members, NaN and Infinity.
decoder = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_refuse_constant)


def parse_error(error: ValueError | RecursionError) -> str:
    """Return why a text cannot be parsed."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


class JsonItem(NamedTuple):
    """An item of an array."""

    text: str
    value: Any
    error: str  # "" if the item is valid


class _Parsed(NamedTuple):
    """The result of parsing the part of an item that is in the buffer."""

    error: str  # "" if the text is valid
    is_certain: bool  # whether the error would remain with more text
    value: Any
    length: int  # characters of the item; 0 if unknown


class ItemReader:
    """Reads the items of a JSON array from a text that starts with its bracket."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._buffer, self._position, self._ended = "", 0, False
        self._skip_separators()
        self._position += 1  # the bracket

    def next(self, number: int) -> JsonItem | None:
        """Return the next item; None at the end of the array.

        `number` is the count of items read before. Raises `ReadAborted` if the end of an item cannot be found.
        """
        if not self._skip_separators():
            raise ReadAborted(f"The array is not closed: the file is cut off after record {number:,}.")
        if self._buffer[self._position] == "]":
            self._position += 1
            if self._skip_separators():
                raise ReadAborted(f"The file has text after the end of the array (after record {number:,}).")
            return None
        while True:
            parsed = self._parse()
            length = parsed.length
            if not parsed.error and (self._position + length < len(self._buffer) or self._ended):
                break
            if not parsed.is_certain and self._read_more():
                continue
            length = length if parsed.is_certain else 0
            length = length or _length_of_object(self._buffer, self._position)
            if length:
                break
            if not self._read_more():
                raise ReadAborted(
                    f"The array cannot be read beyond record {number:,}: {self._why_aborted(parsed)}. "
                    "The records before it are imported."
                )
        start, self._position = self._position, self._position + length
        return JsonItem(self._buffer[start : self._position], parsed.value, parsed.error)

    def _why_aborted(self, parsed: _Parsed) -> str:
        if not self._ended:
            return f"the next record has more than {MAX_ITEM:,} characters, or its brackets do not match"
        return parsed.error if parsed.is_certain and parsed.error else "the file is cut off there"

    def _parse(self) -> _Parsed:
        """Parse the item at the current position of the buffer."""
        try:
            value, end = decoder.raw_decode(self._buffer, self._position)
        except json.JSONDecodeError as error:
            # An error near the end of the buffer, or in an open string, may be due to unread text.
            is_certain = error.pos < len(self._buffer) - _CERTAIN and not error.msg.startswith("Unterminated")
            return _Parsed(error.msg, is_certain, None, 0)
        except (ValueError, RecursionError) as error:
            constant = _constant.match(self._buffer, self._position)
            return _Parsed(parse_error(error), True, None, len(constant[0]) if constant else 0)
        return _Parsed("", False, value, end - self._position)

    def _skip_separators(self) -> bool:
        """Skip white space and commas; return whether anything follows."""
        while True:
            self._position = _between.match(self._buffer, self._position).end()  # type: ignore[union-attr]
            if self._position < len(self._buffer):
                return True
            if not self._read_more():
                return False

    def _read_more(self) -> bool:
        """Double the buffer, up to `MAX_ITEM`; return whether there was more text."""
        kept = len(self._buffer) - self._position
        chunk = self._text.read(max(ITEM_CHUNK, kept)) if not self._ended and kept < MAX_ITEM else ""
        self._ended = self._ended or (not chunk and kept < MAX_ITEM)
        self._buffer, self._position = self._buffer[self._position :] + chunk, 0
        return bool(chunk)


def _length_of_object(text: str, start: int) -> int:
    """Return the length of the object at `start` by its brackets; 0 if it does not end."""
    depth = 0
    for match in _token.finditer(text, start):
        if match[0] in "{[":
            depth += 1
        elif match[0] in "}]":
            depth -= 1
            if depth < 0:
                return match.start() - start
            if not depth:
                return match.end() - start
    return 0
