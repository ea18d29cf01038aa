"""CSV and TSV (RFC 4180): the dialect guessed, broken rows told from the good ones around them."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from app.transfer.guess import Beginning, Guess, Wishes
from app.transfer.records import Flaw, Rejected, Row, Skipped
from app.transfer.rejects import Rejects, note
from app.transfer.sources import Source

from .columns import REJECT, Columns
from .format import Format
from .lines import SHOWN, Lines
from .rows import RowMaker, join_rows

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
LONGEST_CELL = 1 << 20  # characters; an opening quote that nothing closes runs on to here
SAMPLED_ROWS = 100
FIRST_ROWS = 10  # among which the header is looked for
_said = re.compile(r"\ufeff?sep=(.)\s*")  # a line that Excel reads and writes


@dataclass(frozen=True)
class Dialect:
    """How cells are written: what stands between them, and what before a quote within quotes (None: another quote)."""

    delimiter: str
    escape: str | None = None

    def __str__(self) -> str:
        return f"{DELIMITERS.get(self.delimiter, repr(self.delimiter))}-separated"

    def reader(self, lines: Iterator[str], *, strict: bool = True) -> Iterator[list[str]]:
        """Cells of lines; raises `csv.Error` if `strict`."""
        csv.field_size_limit(LONGEST_CELL)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            escapechar=self.escape,
            doublequote=True,
            strict=strict,
        )


def guess_dialect(sample: str, delimiter: str | None) -> Dialect:
    """The dialect under which the rows of a sample (its last line may be cut off) agree best, and have most cells."""
    lines = sample.splitlines(keepends=True)[: 4 * SAMPLED_ROWS]
    said = _said.fullmatch(lines[0]) if lines else None
    delimiter = delimiter or (said[1] if said else None)
    delimiters = [delimiter] if delimiter else list(DELIMITERS)
    escapes = [None, "\\"] if '\\"' in sample else [None]
    dialects = [Dialect(mark, escape) for escape in escapes for mark in delimiters]
    return max(dialects, key=lambda dialect: _agreement(dialect, lines))


def _agreement(dialect: Dialect, lines: list[str]) -> tuple[bool, float, int]:
    widths: list[int] = []
    reader = dialect.reader(iter(lines))
    try:
        for cells in reader:
            if cells:
                widths.append(len(cells))
            if len(widths) == SAMPLED_ROWS:
                break
    except csv.Error:
        widths.append(-1)
    if not widths:
        return False, 0.0, 0
    # The first lines may be of another width: a heading above the header. Single cells are no table.
    width, count = max(Counter(widths).items(), key=lambda item: (item[1], item[0]))
    return width > 1, count / len(widths), width


def first_rows(sample: str, dialect: Dialect) -> list[list[str]]:
    """The cells of the first lines that have any, of which one may be the header."""
    lines = (line for line in sample.splitlines(keepends=True) if line.strip())
    try:
        return list(itertools.islice(filter(None, dialect.reader(lines, strict=False)), FIRST_ROWS))
    except csv.Error:
        return []


class Delimited:
    """The rows of a CSV or TSV, after its header."""

    def __init__(self, lines: Lines, dialect: Dialect, columns: Columns) -> None:
        self._lines, self._source = lines, iter(lines)
        self._dialect, self._columns = dialect, columns
        self._pending: deque[str] = deque()  # lines that are to be read again
        self._current: list[str] = []  # lines of the row that is being read

    def __iter__(self) -> Iterator[Row | Rejected | Skipped]:
        rows = self._rows()
        return self._grouped(rows) if self._columns.layout.grouped else rows

    def _feed(self) -> Iterator[str]:
        current, pending = self._current, self._pending
        while pending:
            line = pending.popleft()
            current.append(line)
            yield line
        for line in self._source:
            current.append(line)
            yield line

    def _rows(self) -> Iterator[Row | Rejected | Skipped]:
        current, lines, pending = self._current, self._lines, self._pending
        make, width = RowMaker(self._columns), len(self._columns.header)
        to_pass = self._columns.passed + 1  # the header, and what stands above it
        while True:
            place = lines.number - len(pending) + 1
            try:
                for cells in self._dialect.reader(self._feed()):
                    if lines.rejected:
                        yield from lines.taken()
                        place = lines.number - len(pending) - len(current) + 1
                    if to_pass:
                        to_pass -= bool(cells)
                    elif cells:
                        if len(cells) > width and not any(cells[width:]):
                            del cells[width:]
                        if len(cells) == width:
                            yield make(place, cells)
                        else:
                            yield self._wrong_width(place, cells)
                    current.clear()
                    place = lines.number - len(pending) + 1
                break
            except csv.Error as error:
                yield from self._broken(place, str(error))
        yield from lines.taken()

    def _broken(self, place: int, why: str) -> Iterator[Row | Rejected | Skipped]:
        """A row that cannot be parsed: its first line is given up, and the others that it took are read again."""
        first, *others = self._current
        self._current.clear()
        self._pending.extendleft(reversed(others))
        cells = first.rstrip("\r\n").split(self._dialect.delimiter)
        if self._dialect.delimiter == "\t" and len(cells) == len(self._columns.header):
            # Many programs write TSV without any quoting: then a quote is a character like others.
            yield RowMaker(self._columns)(place, cells)
            return
        reason = f"The quotes of this row do not match ({why})."
        original = next(self._dialect.reader(iter([first]), strict=False), [first])[self._columns.skipped :]
        yield Rejected(place, original, [Flaw("", first[:SHOWN].rstrip("\r\n"), reason)])

    def _wrong_width(self, place: int, cells: list[str]) -> Rejected:
        width = len(self._columns.header)
        reason = f"The row has {len(cells)} cells, and the header {width}."
        return Rejected(
            place, cells[self._columns.skipped :], [Flaw("", self._dialect.delimiter.join(cells)[:SHOWN], reason)]
        )

    def _grouped(self, rows: Iterator[Row | Rejected | Skipped]) -> Iterator[Row | Rejected | Skipped]:
        """Rows of one key that follow each other, as one."""
        first: Row | None = None
        others: list[Row] = []
        for row in rows:
            if isinstance(row, Row) and first is not None and row.key is not None and row.key == first.key:
                others.append(row)
                continue
            if first is not None:
                yield join_rows(first, others)
                first, others = None, []
            if isinstance(row, Row):
                first = row
            else:
                yield row
        if first is not None:
            yield join_rows(first, others)


class DelimitedRejects(Rejects):
    """CSV and TSV. All rows of a record are written, the reason beside each."""

    def _begin(self) -> IO[Any]:
        file = super()._begin()
        assert self.guess.dialect is not None
        assert self.guess.columns is not None
        dialect, columns = self.guess.dialect, self.guess.columns
        self._writer = csv.writer(
            file,
            delimiter=dialect.delimiter,
            escapechar=dialect.escape,
            doublequote=dialect.escape is None,
            lineterminator="\n",
        )
        self._writer.writerow([*REJECT, *columns.header[columns.skipped :]])
        return file

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        original = rejected.original
        if isinstance(original, str):  # a line that was too long
            rows = [[original]]
        else:
            rows = original if original and isinstance(original[0], list) else [original]
        for cells in rows:
            self._writer.writerow([*note(rejected), *cells])


def _rows(source: Source, guess: Guess, wishes: Wishes) -> Iterator[Row | Rejected | Skipped]:
    assert guess.encoding is not None
    assert guess.dialect is not None
    assert guess.columns is not None
    return iter(Delimited(Lines(source, guess.encoding), guess.dialect, guess.columns))


def _never(beginning: Beginning) -> bool:
    """Nothing shows that a text is a table, but that it is nothing else."""
    return False


CSV = Format("csv", "CSV", _never, _rows, DelimitedRejects)
TSV = Format("tsv", "TSV", _never, _rows, DelimitedRejects)
