"""A file as a stream of outcomes: what the command calls, and the merge reads.

::

    with intake.open("books.csv.gz", Wishes(source="shop")) as incoming:
        print(incoming.guess)             # "comma-separated, UTF-8, gzip; ..." said before anything is written
        rejects = incoming.rejects(path)  # in the input's own format
        for outcome in incoming:          # Prepared, Skipped, Rejected
            ...
        incoming.counts                   # rows, records, prepared, skipped, rejected, mends by kind
        incoming.position, incoming.size  # bytes of the file as it lies there, for the progress bar; size None: unknown

Raises `Unreadable` where the file cannot be used at all, on opening, and `BreaksOff` in the middle of iteration where
it cannot be read further (a truncated gzip, an array of JSON that ends): what came before stands.
"""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from .guess import Guess, Wishes
from .guessing import format_of, guess
from .preparing import Preparing, Restoring
from .readers import SOURCES
from .records import Outcome, Prepared, Row, Skipped
from .rejects import Rejects
from .sources import BreaksOff, Source, Unreadable, open_source

__all__ = ["BreaksOff", "Counts", "Incoming", "Unreadable", "Wishes", "open"]


@dataclass
class Counts:
    """How many records became what, so far: `read` is always the sum of `prepared`, `skipped` and `rejected`.

    `rows` counts rows of the file, of which several may make one record; `mends` and `reasons` count warnings by kind
    and skipped records by reason.
    """

    rows: int = 0
    prepared: int = 0
    skipped: int = 0
    rejected: int = 0
    mends: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """The records that were read."""
        return self.prepared + self.skipped + self.rejected


class Incoming:
    """An open file, and what it is taken for; to be iterated once."""

    def __init__(self, source: Source, guessed: Guess, wishes: Wishes) -> None:
        self.source, self.guess, self._wishes = source, guessed, wishes
        self.counts = Counts()

    @property
    def position(self) -> int:
        """How many bytes of the file, as it lies there, have been read."""
        return self.source.position

    @property
    def size(self) -> int | None:
        """How many bytes it has; None for a pipe."""
        return self.source.size

    def rejects(self, path: Path) -> Rejects:
        """A writer of what is rejected, in the format of this file. The file is made with the first record."""
        return format_of(self.guess).rejects(self.guess, path)

    def __iter__(self) -> Iterator[Outcome]:
        sources = SOURCES | ({self._wishes.source} if self._wishes.source else set())
        prepare = Restoring() if self._wishes.restore else Preparing(self.guess.source, sources)
        counts = self.counts
        for row in format_of(self.guess).rows(self.source, self.guess, self._wishes):
            outcome = prepare(row) if isinstance(row, Row) else row
            counts.rows += outcome.rows
            if type(outcome) is Prepared:
                counts.prepared += 1
                if outcome.mends:
                    counts.mends.update(mend.kind for mend in outcome.mends)
            elif type(outcome) is Skipped:
                counts.skipped += 1
                counts.reasons[outcome.reason] += 1
            else:
                counts.rejected += 1
            yield outcome

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.source.close()


def open(path: str, wishes: Wishes | None = None) -> Incoming:  # the module is used as `intake.open`
    """Open a file, or ``-`` for standard input, and guess what it is. Raises `Unreadable`."""
    wishes = wishes or Wishes()
    source = open_source(path)
    try:
        guessed = guess(source, wishes)
        if wishes.restore and guessed.format not in ("ndjson", "json"):
            raise Unreadable("--restore reads the NDJSON that `catalog export` wrote; leave it out for other files.")
        return Incoming(source, guessed, wishes)
    except Unreadable as error:
        source.close()
        # What is cut off near its beginning looks like something else.
        raise Unreadable(source.damage or str(error)) from None
    except builtins.BaseException:
        source.close()
        raise
