"""The pipeline: turns a file into a stream of outcomes, one per record."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

from app.config import command_line
from app.transfer.errors import Unreadable
from app.transfer.records import Outcome, RawRecord

from .files.detected import Detected
from .files.input_file import InputFile, open_input
from .files.options import ReadOptions
from .files.rejects import RejectsWriter
from .formats.detect import detect
from .formats.registry import SOURCES, format_named
from .prepare.preparer import Preparer
from .prepare.restorer import Restorer

Item = TypeVar("Item")

READ_AHEAD = 1  # items
WAIT_SECONDS = 1.0  # after which a waiting import looks whether it was cancelled
POLL_SECONDS = 0.2  # interval at which a waiting thread checks whether to stop


class Pipeline:
    """An open file and its detected format; iterate over it once.

    Iteration raises `ReadAborted` if the file cannot be read to its end.
    """

    def __init__(self, file: InputFile, detected: Detected, options: ReadOptions) -> None:
        self.file, self.detected, self.options = file, detected, options

    @property
    def name(self) -> str:
        """The name of the file, without its folder."""
        return Path(self.file.name).name

    @property
    def position(self) -> int:
        """The number of bytes read from the file, before decompression."""
        return self.file.position

    @property
    def size(self) -> int | None:
        """The size of the file in bytes; None for a pipe."""
        return self.file.size

    def rejects_writer(self, path: Path) -> RejectsWriter:
        """Return a writer of rejected records in the format of the file."""
        return format_named(self.detected.format).rejects_writer(self.detected, path)

    def __iter__(self) -> Iterator[Outcome]:
        prepare = self._preparer().prepare
        for record in format_named(self.detected.format).read(self.file, self.detected, self.options):
            yield prepare(record) if isinstance(record, RawRecord) else record

    def _preparer(self) -> Preparer | Restorer:
        if self.options.restore:
            return Restorer()
        return Preparer(self.detected.source, SOURCES | ({self.options.source} if self.options.source else set()))

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.file.close()


def open_pipeline(path: str, options: ReadOptions | None = None) -> Pipeline:
    """Open a file, or ``-`` for standard input, and detect its format. Raises `Unreadable`."""
    options = options or ReadOptions()
    file = open_input(path, options.max_decompressed)
    try:
        detected = detect(file, options)
        if options.restore and detected.format not in ("ndjson", "json"):
            raise Unreadable(f"--restore reads NDJSON written by `{command_line('export')}`. Omit it for other files.")
    except Unreadable as error:
        file.close()
        # A file that is cut off near its beginning may look like another format.
        raise Unreadable(file.damage or str(error)) from None
    except BaseException:
        file.close()
        raise
    return Pipeline(file, detected, options)


class ReadAhead(Generic[Item]):
    """Iterates in another thread, ahead of its consumer; the consumer gets the errors.

    `on_wait` is called each second in which the consumer waits for an item.
    """

    def __init__(self, items: Iterable[Item], on_wait: Callable[[], None]) -> None:
        self._items, self._on_wait = items, on_wait
        self._queue: queue.Queue[Item | BaseException | None] = queue.Queue(READ_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)

    def __enter__(self) -> ReadAhead[Item]:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def __iter__(self) -> Iterator[Item]:
        while (item := self._next()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def _next(self) -> Item | BaseException | None:
        while True:
            with contextlib.suppress(queue.Empty):
                return self._queue.get(timeout=WAIT_SECONDS)
            self._on_wait()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:
            self._put(error)
        else:
            self._put(None)

    def _put(self, item: Item | BaseException | None) -> bool:
        """Put an item into the queue; return False if the consumer has stopped."""
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=POLL_SECONDS)
                return True
        return False
