"""Lines of text from a source, bounded in length."""

from __future__ import annotations

import io
from collections.abc import Iterator

from app.transfer.records import Flaw, Rejected
from app.transfer.sources import Source

LONGEST = 1 << 23  # characters of a line: eight million
SHOWN = 1000  # characters that are kept of a longer one
CHUNK = 1 << 18


def text_of(source: Source, encoding: str) -> io.TextIOWrapper:
    """The text of a source, its line ends as they are. Bytes that are not of the encoding become lone surrogates, for
    `mending.texts`; in UTF-16, where a stray byte cannot be told from its neighbours, U+FFFD.
    """
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(source.stream, encoding, errors, newline="")
    text._CHUNK_SIZE = CHUNK  # type: ignore[attr-defined]
    return text


class Lines:
    """The lines of a source with their ends; `number` is that of the last one given out.

    A line that is too long is left out, and waits in `rejected`, with its beginning as the original.
    """

    def __init__(self, source: Source, encoding: str) -> None:
        self._text = text_of(source, encoding)
        self.number = 0
        self.rejected: list[Rejected] = []

    def __iter__(self) -> Iterator[str]:
        readline = self._text.readline
        while line := readline(LONGEST):
            self.number += 1
            if len(line) == LONGEST and line[-1] not in "\r\n":
                self._pass_over(line)
            else:
                yield line

    def _pass_over(self, line: str) -> None:
        length, rest = len(line), line
        while rest and rest[-1] not in "\r\n":
            rest = self._text.readline(LONGEST)
            length += len(rest)
        reason = f"The line has {length:,} characters; {LONGEST:,} are allowed. Only its beginning is kept here."
        self.rejected.append(Rejected(self.number, line[:SHOWN], [Flaw("", line[:80], reason)]))

    def taken(self) -> list[Rejected]:
        """The lines that were left out since the last time."""
        rejected, self.rejected = self.rejected, []
        return rejected
