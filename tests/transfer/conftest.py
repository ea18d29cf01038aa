"""What the tests of the transfer share: content as a file, read to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.transfer import intake
from app.transfer.guessing import Guess
from app.transfer.intake import Counts, Wishes
from app.transfer.records import Outcome, Prepared, Rejected, Skipped


@dataclass
class Read:
    """What became of a file: `broke_off` is the sentence, if it could not be read to its end."""

    guess: Guess
    outcomes: list[Outcome]
    counts: Counts
    broke_off: str | None

    @property
    def prepared(self) -> list[Prepared]:
        return [one for one in self.outcomes if isinstance(one, Prepared)]

    @property
    def rejected(self) -> list[Rejected]:
        return [one for one in self.outcomes if isinstance(one, Rejected)]

    @property
    def skipped(self) -> list[Skipped]:
        return [one for one in self.outcomes if isinstance(one, Skipped)]

    @property
    def only(self) -> Prepared:
        """The one record, which is a good one."""
        assert not self.rejected, self.rejected
        [one] = self.prepared
        return one


def read_file(path: Path | str, rejects: Path | None = None, **wishes: Any) -> Read:
    """Read a file to its end; what is rejected is written to `rejects`."""
    outcomes: list[Outcome] = []
    broke_off = None
    with intake.open(str(path), Wishes(**wishes)) as incoming:
        writer = incoming.rejects(rejects) if rejects else None
        try:
            for outcome in incoming:
                outcomes.append(outcome)
                if writer and isinstance(outcome, Rejected):
                    writer.write(outcome)
        except intake.BreaksOff as error:
            broke_off = str(error)
        if writer:
            writer.close()
        assert incoming.counts.read == len(outcomes)
        return Read(incoming.guess, outcomes, incoming.counts, broke_off)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Write a file and read it."""

    def run(content: str | bytes, **wishes: Any) -> Read:
        file = tmp_path / "file"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_file(file, **wishes)

    return run
