"""The text of an input file, and its lines up to a maximum length."""

from __future__ import annotations

import io
from collections.abc import Iterator

from app.transfer.records import Rejected, RejectReason

from .input_file import InputFile

MAX_LINE = 1 << 23  # characters: eight million
EXCERPT = 1000  # characters kept of a line that is too long
TEXT_CHUNK = 1 << 18  # bytes decoded at once


def open_text(file: InputFile, encoding: str) -> io.TextIOWrapper:
    """Return the text stream of a file, with line ends unchanged.

    Bytes that are invalid in the encoding become lone surrogates, which `cleaning.texts` reads as Windows-1252. In
    UTF-16 they become U+FFFD, because there a stray byte cannot be separated from its neighbours.
    """
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(file.stream, encoding, errors, newline="")
    text._CHUNK_SIZE = TEXT_CHUNK  # type: ignore[attr-defined] # CPython has no other setting
    return text


class LineReader:
    """Iterates over the lines of a file, with their line ends.

    `number` is the number of the last line returned. A line of more than `MAX_LINE` characters is added to `rejected`
    instead.
    """

    def __init__(self, file: InputFile, encoding: str) -> None:
        self._text = open_text(file, encoding)
        self.number = 0
        self.rejected: list[Rejected] = []

    def __iter__(self) -> Iterator[str]:
        readline = self._text.readline
        while line := readline(MAX_LINE):
            self.number += 1
            if len(line) == MAX_LINE and line[-1] not in "\r\n":
                self._skip_rest(line)
            else:
                yield line

    def _skip_rest(self, line: str) -> None:
        length, rest = len(line), line
        while rest and rest[-1] not in "\r\n":
            rest = self._text.readline(MAX_LINE)
            length += len(rest)
        detail = (
            f"The line has {length:,} characters, more than the {MAX_LINE:,} allowed. Only its beginning is kept here."
        )
        self.rejected.append(Rejected(self.number, line[:EXCERPT], [RejectReason("", line[:80], detail)]))

    def take_rejected(self) -> list[Rejected]:
        """Return the lines rejected since the last call."""
        rejected, self.rejected = self.rejected, []
        return rejected
