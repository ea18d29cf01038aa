"""What a format is to the import: how its files are known and read, and how their rejects are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from app.transfer.guess import Beginning, Guess, Wishes
from app.transfer.records import Kind, Rejected, Row, Skipped
from app.transfer.rejects import Rejects
from app.transfer.sources import Source


@dataclass(frozen=True)
class Format:
    """A format. `knows` says whether a file begins like one of it; `rows` reads a file, and may raise `BreaksOff`.

    `kind` is that of its records (None: each says it), `source` the scheme of their ids, unless another is wished for.
    `is_text`: it has an encoding, which is guessed.
    """

    name: str
    label: str
    knows: Callable[[Beginning], bool]
    rows: Callable[[Source, Guess, Wishes], Iterator[Row | Rejected | Skipped]]
    rejects: type[Rejects]
    kind: Kind | None = None
    source: str = ""
    counted_in: Literal["line", "record"] = "line"
    is_text: bool = True
