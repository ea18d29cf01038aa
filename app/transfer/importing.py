"""The import of one file: a thread reads and mends it, another one stores it, chunk by chunk."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from flask import Flask

from . import marks
from .chunks import Chunk, chunks
from .intake import BreaksOff, Incoming
from .records import Flaw, Prepared, Rejected
from .rejects import Rejects
from .report import Report
from .storing.catalog import Catalog, Stored
from .storing.refusals import Refused

AHEAD = 1  # chunks that are read before they are asked for
PATIENCE = 0.2  # seconds after which a thread that waits looks whether it is to stop

Followed = Callable[["Import"], None]


@dataclass
class Import:
    """One file's import: `run` it once, and `report` says how far it came, whatever happens.

    `rejects` is where rejected records are written; `follow` is called after each chunk. `broke_off` is why the file
    could not be read to its end, if so; `resumed` are the records that an import before this one accounted for.
    """

    incoming: Incoming
    asked: str  # what was asked for beside the file, by which one import is told from another
    rejects: Path | None = None
    restore: bool = False
    follow: Followed = lambda _: None
    report: Report = field(default_factory=Report)
    resumed: int = 0
    position: int = 0
    broke_off: str | None = None
    complete: bool = False  # whether the file was read and stored to its end
    shown: list[Rejected] = field(default_factory=list)  # the first of those that were rejected

    MOST_SHOWN: ClassVar = 20
    MOST_REFUSED: ClassVar = 1000  # that are remembered; beyond that an import that was ended goes on from there
    _refused: dict[int, Flaw] = field(default_factory=dict, init=False)  # by the database, by number among the records
    _rejects: Rejects | None = field(default=None, init=False)

    def run(self, app: Flask, catalog: Catalog) -> None:
        """Import the file. Raises what the database raises; every chunk before that stands whole."""
        digest = self._digest()
        found = catalog.mark(digest) if digest else None
        if found:
            self.resumed, document = found
            self._refused = {number: Flaw(*flaw) for number, *flaw in document.pop("refused", ())}
            self.report = Report.of_json(document)
        with contextlib.ExitStack() as stack:
            self._rejects = stack.enter_context(self.incoming.rejects(self.rejects)) if self.rejects else None
            reader = stack.enter_context(_Reader(self._chunks()))
            storing = stack.enter_context(ThreadPoolExecutor(1, "storing"))
            try:
                for chunk in reader:
                    stored = storing.submit(self._store, app, catalog, chunk, digest)
                    try:
                        stored.result()
                    except KeyboardInterrupt:
                        while wait([stored], PATIENCE).not_done:  # a call may come between two statements
                            catalog.cancel()
                        raise
                    self.follow(self)
            except BreaksOff as error:
                self.broke_off = str(error)
        if digest:
            with app.app_context():
                catalog.finish(digest)
        assert self.report.adds_up, self.report
        self.complete = self.broke_off is None

    def _store(self, app: Flask, catalog: Catalog, chunk: Chunk, digest: str | None) -> None:
        """Store a chunk; a record that the database refuses is found by halving it, and is rejected."""
        reached: list[Report] = []

        def mark(stored: Stored) -> tuple[str, dict[str, Any]] | None:
            report = Report() + self.report
            report.add(chunk, stored)
            reached[:] = [report]
            if digest is None or len(self._refused) > self.MOST_REFUSED:
                return None
            refused = [(number, *flaw) for number, flaw in self._refused.items()]
            document = {**report.as_json(), "refused": refused}
            return marks.MOVE, {"digest": digest, "records": report.read, "report": document}

        try:
            with app.app_context():
                stored = catalog.store(chunk, self.restore, mark)
        except Refused as error:
            if chunk.records > 1:
                for half in chunk.halves():
                    self._store(app, catalog, half, digest)
                return
            if not isinstance(chunk.outcomes[0], Prepared):
                raise
            self._refused[self.report.read] = error.flaw
            self._store(app, catalog, chunk.refused(error.flaw), digest)
            return
        [self.report] = reached
        self.position = chunk.position
        for one in sorted([*chunk.rejected, *stored.rejected], key=lambda one: one.place):
            self._reject(one)

    def _chunks(self) -> Iterator[Chunk]:
        outcomes = iter(self.incoming)
        # What was accounted for before is read again, but not stored: it may have to stand in the rejects.
        for number, outcome in enumerate(islice(outcomes, self.resumed)):
            if number in self._refused and isinstance(outcome, Prepared):
                outcome = outcome.rejected(self._refused[number])
            if isinstance(outcome, Rejected):
                self._reject(outcome)
        for chunk in chunks(outcomes):
            chunk.position = self.incoming.position
            yield chunk

    def _reject(self, rejected: Rejected) -> None:
        if self._rejects:
            self._rejects.write(rejected)
        elif len(self.shown) < self.MOST_SHOWN:
            self.shown.append(rejected)

    def _digest(self) -> str | None:
        """What the mark of this import is found by; None where it begins anew each time, since nobody can tell whether
        a pipe brings the same again, and since what only adds, or is restored, depends on what else is there.
        """
        columns, source = self.incoming.guess.columns, self.incoming.source
        if source.size is None or self.restore or (columns and columns.layout.adds):
            return None
        changed = os.stat(source.name).st_mtime_ns
        said = f"{source.size} {changed} {self.incoming.guess} {self.incoming.guess.source} {self.asked}"
        return blake2b(source.head + said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class _Reader:
    """Chunks that a thread makes ahead of those who take them. What goes wrong there is raised here."""

    def __init__(self, made: Iterator[Chunk]) -> None:
        self._made = made
        self._ready: queue.Queue[Chunk | BaseException | None] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)

    def __enter__(self) -> _Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def __iter__(self) -> Iterator[Chunk]:
        while (chunk := self._ready.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def _run(self) -> None:
        try:
            for chunk in self._made:
                if not self._put(chunk):
                    return
        except BaseException as error:
            self._put(error)
        else:
            self._put(None)

    def _put(self, one: Chunk | BaseException | None) -> bool:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._ready.put(one, timeout=PATIENCE)
                return True
        return False
