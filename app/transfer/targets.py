"""Where an export goes: a file that is there only when it is whole, or standard output; packed by gzip by its name."""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from .writers import FORMATS

PACKED = ".gz"
LEVEL = 6  # of gzip: higher ones take much longer for little
DEFAULT = "ndjson"


def format_of(name: str) -> str | None:
    """The format that the name of a file says; None where it says none."""
    ending = Path(name.lower().removesuffix(PACKED)).suffix.removeprefix(".")
    return next((format_ for format_, (_, endings) in FORMATS.items() if ending in endings), None)


@contextlib.contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """What to write to. What stands in the file is written beside it, and takes its place when the block ends well.

    ``-`` is standard output. What is no ordinary file (a pipe, a device) is written to as it is. Raises ``OSError``.
    """
    path = Path(name)
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.exists() and not path.is_file():
        with path.open("wb") as device, _packed(device, name) as out:
            yield out
    else:
        with _replacing(path.resolve()) as file, _packed(file, name) as out:
            yield out


@contextlib.contextmanager
def _packed(plain: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """`plain`, or what packs into it. The same content is packed into the same bytes: no name and time go with it."""
    if not name.lower().endswith(PACKED):
        yield plain
        return
    with gzip.GzipFile("", "wb", LEVEL, plain, mtime=0) as out:
        yield cast("BinaryIO", out)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path` that takes its place, with its permissions, when the block ends well; else it is removed."""
    number, beside = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    try:
        with open(number, "wb") as file:
            yield file
            file.flush()
            os.fchmod(number, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            os.fsync(number)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
