"""The dialect of CSV and TSV: the delimiter, and the escaping of quotes (RFC 4180)."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
MAX_CELL = 1 << 20  # characters; limits a cell with an unclosed quote
SAMPLED_ROWS = 100
HEADER_ROWS = 10  # first rows searched for the header

_declared_delimiter = re.compile(r"\ufeff?sep=(.)\s*")  # a first line that Excel reads and writes


@dataclass(frozen=True)
class Dialect:
    """The delimiter and the escape character of a table."""

    delimiter: str
    escape: str | None = None  # before a quote within quotes; None if quotes are doubled

    def __str__(self) -> str:
        return f"{DELIMITERS.get(self.delimiter, repr(self.delimiter))}-separated"

    def reader(self, lines: Iterable[str], *, strict: bool = True) -> Iterator[list[str]]:
        """Iterate over rows; raises `csv.Error` for mismatched quotes if `strict`."""
        csv.field_size_limit(MAX_CELL)
        return csv.reader(lines, delimiter=self.delimiter, escapechar=self.escape, doublequote=True, strict=strict)


def detect_dialect(sample: str, delimiter: str | None) -> Dialect:
    """Return the dialect by which most rows have the same, largest number of cells.

    The last line of the sample may be cut off. `delimiter`: set by the user, None to detect it.
    """
    lines = sample.splitlines(keepends=True)[: 4 * SAMPLED_ROWS]
    declared = _declared_delimiter.fullmatch(lines[0]) if lines else None
    delimiter = delimiter or (declared[1] if declared else None)
    delimiters = [delimiter] if delimiter else list(DELIMITERS)
    dialects = [Dialect(delimiter) for delimiter in delimiters]
    if '\\"' in sample:
        # A backslash escapes a quote only if the text is invalid otherwise.
        dialects += [Dialect(plain.delimiter, "\\") for plain in dialects if -1 in _widths(plain, lines)]
    return max(dialects, key=lambda dialect: _score(_widths(dialect, lines)))


def _widths(dialect: Dialect, lines: list[str]) -> list[int]:
    """Return the number of cells of the first rows; -1 for mismatched quotes."""
    widths: list[int] = []
    try:
        for cells in dialect.reader(lines):
            if cells:
                widths.append(len(cells))
            if len(widths) == SAMPLED_ROWS:
                break
    except csv.Error:
        widths.append(-1)
    return widths


def _score(widths: list[int]) -> tuple[bool, float, int]:
    """Return the rank of a dialect: several columns, uniform rows, number of columns."""
    if not widths:
        return False, 0.0, 0
    # The first rows may have another width, such as a title above the header.
    width, count = max(Counter(widths).items(), key=lambda item: (item[1], item[0]))
    return width > 1, count / len(widths), width


def sample_rows(sample: str, dialect: Dialect) -> list[list[str]]:
    """Return the first rows that are not blank, one of which may be the header."""
    lines = (line for line in sample.splitlines(keepends=True) if line.strip())
    try:
        return list(itertools.islice(filter(None, dialect.reader(lines, strict=False)), HEADER_ROWS))
    except csv.Error:
        return []
