"""What could not be stored, written in the format of its file, with place, field, value and reason beside each record.

Mended, the file can be imported again: what stands beside a record is not looked at. CSV: four columns in front. JSON:
a member ``rejected``. Open Library: a part behind a tab. MARCXML: a comment. Binary MARC has no room for reasons: they
stand in a CSV beside the file.
"""

from __future__ import annotations

import contextlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .guess import Guess
from .records import Flaw, Rejected

_half_pair = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class Unwritable(Exception):
    """The file cannot be written; the sentence says why."""


class Rejects(ABC):
    """Writes rejected records to a file, which is made with the first of them. Raises `Unwritable`."""

    def __init__(self, guess: Guess, path: Path) -> None:
        self.guess, self.path = guess, path
        self._file: IO[Any] | None = None

    def write(self, rejected: Rejected) -> None:
        """Add a record."""
        with self._writing():
            if self._file is None:
                self._file = self._begin()
            self._add(self._file, rejected)

    def close(self) -> None:
        """Finish the file, if there is one."""
        file, self._file = self._file, None
        if file is not None:
            with self._writing(), contextlib.closing(file):
                self._end(file)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unwritable(f"The rejects cannot be written to {self.path}: {error.strerror}.") from None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _begin(self) -> IO[Any]:
        return self.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")

    @abstractmethod
    def _add(self, file: IO[Any], rejected: Rejected) -> None: ...

    def _end(self, file: IO[Any]) -> None:  # noqa: B027 - most formats close with nothing
        """Write what closes the file's syntax."""


def note(rejected: Rejected) -> tuple[int, str, str, str]:
    """Place, fields, value and reasons of a record, as they stand beside it."""
    flaws = rejected.flaws
    fields = "; ".join(dict.fromkeys(flaw.field for flaw in flaws if flaw.field))
    return rejected.place, fields, flaws[0].value if flaws else "", " ".join(_sentence(flaw) for flaw in flaws)


def _sentence(flaw: Flaw) -> str:
    return f"{flaw.field}: {flaw.reason}" if flaw.field else flaw.reason


def as_json(document: dict[str, Any]) -> str:
    """JSON, in which half of a surrogate pair stays an escape; those that stand for a stray byte become that again."""
    text = json.dumps(document, ensure_ascii=False)
    return _half_pair.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def members(rejected: Rejected, place: str) -> dict[str, Any]:
    number, field, value, reason = note(rejected)
    return {place: number, "field": field, "value": value, "reason": reason}
