"""The counts of all workers, in a folder with a file for each of them.

The files have the format of prometheus-client's multiprocess mode. When a worker has ended, the process that started
it adds its counters to one common file, so that no counter goes back and the number of files does not grow. A lock
keeps this apart from a scrape, which would otherwise count a worker twice or not at all.

A folder belongs to one run of a service, because several services may share INSTANCE_PATH: containers of one machine,
or the old and the new server during an upgrade. Folders of services that have ended are deleted by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from .family import Kind
from .value_file import ValueFile, stored_values

FOLDER = "CATALOG_METRICS_FOLDER"  # environment variable: the folder of this service, for its workers
ENDED = "ended.db"  # the counters of all workers that have ended
PREFIX = "service-"  # of the names of folders
OWNER, SCRAPES, STARTS = "owner.lock", "scrapes.lock", "starts.lock"
LOCK_SECONDS = 0.2  # that a merge waits for scrapes; after that it is left to the next one
SCRAPE_SECONDS = 2.0  # that a scrape waits for a merge, which takes milliseconds


def key_of(kind: Kind, name: str, labels: Iterable[str], part: str = "") -> str:
    """Return the key of a value in a file. `part` of a histogram: the number of a bucket, or ``sum``."""
    return json.dumps([kind, name, list(labels), part])


def create_folder(parent: Path) -> Path:
    """Create the folder of a service that starts, which lasts as long as this process and its children.

    Raises ``OSError``.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (parent / STARTS).open("ab") as starts:
        fcntl.flock(starts, fcntl.LOCK_EX)  # so that no other service deletes the folder before it is locked
        for old in parent.glob(f"{PREFIX}*"):
            _delete_if_ended(old)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))  # readable by its user alone
        descriptor = os.open(folder / OWNER, os.O_RDWR | os.O_CREAT, 0o600)  # stays open while this process lives
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        (folder / SCRAPES).touch(0o600)
    return folder


def _delete_if_ended(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / OWNER).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its service runs
        shutil.rmtree(folder, ignore_errors=True)


def file_of(folder: Path, process_id: int) -> Path:
    """Return the file of a worker."""
    return folder / f"{process_id}.db"


def read_values(folder: Path) -> dict[str, float]:
    """Return the values of all workers by key, added up."""
    with _locked(folder, fcntl.LOCK_SH, SCRAPE_SECONDS):
        return _sum(folder.glob("*.db"))


def merge_ended(folder: Path, running: Collection[int]) -> None:
    """Add the counters of workers that have ended to the common file, in the process that starts them.

    `running` are the process ids of the others. While a scrape hangs, nothing is done; the next call does it. Raises
    ``OSError``.
    """
    with _locked(folder, fcntl.LOCK_EX, LOCK_SECONDS) as is_locked:
        files = [file for file in folder.glob("[0-9]*.db") if int(file.stem) not in running]
        if is_locked and files:
            common = folder / ENDED
            counters = {key: value for key, value in _sum([*files, common]).items() if not is_gauge(key)}
            ValueFile(common, counters).close()
            for file in files:
                file.unlink()


def is_gauge(key: str) -> bool:
    """Whether a key is that of a gauge, whose value ends with its worker."""
    return key.startswith(f'["{Kind.GAUGE}"')


def _sum(files: Iterable[Path]) -> dict[str, float]:
    values: dict[str, float] = defaultdict(float)
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # there is no common file before the first worker ends
            for key, value in stored_values(file):
                values[key] += value
    return values


@contextlib.contextmanager
def _locked(folder: Path, mode: int, seconds: float) -> Iterator[bool]:
    """Hold the lock for the block. Yields whether it was free in time, because a process that holds it may hang."""
    with (folder / SCRAPES).open("r+b") as file:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(file, mode | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    yield False
                    return
            time.sleep(0.005)
        yield True
