"""The output of an export: a file, replaced only when complete, or standard output; gzip by suffix."""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from .formats import is_compressed

GZIP_LEVEL = 6  # higher levels take much longer and save little


@contextlib.contextmanager
def open_target(name: str) -> Iterator[BinaryIO]:
    """Open the output of an export. Raises ``OSError``.

    ``-`` is standard output. A regular file is written under a temporary name in the same folder, and replaces
    the existing one when the block ends without an error. Pipes and devices are written to directly.
    """
    path = Path(name)
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.exists() and not path.is_file():
        with path.open("wb") as device, _compressed(device, name) as out:
            yield out
    else:
        with _replacing(path.resolve()) as file, _compressed(file, name) as out:
            yield out


@contextlib.contextmanager
def _compressed(plain: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Compress into `plain` if the name ends with ``.gz``.

    The header has no file name or time, so the same content always gives the same bytes.
    """
    if not is_compressed(name):
        yield plain
        return
    with gzip.GzipFile("", "wb", GZIP_LEVEL, plain, mtime=0) as out:
        yield cast("BinaryIO", out)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that replaces `path` and keeps its permissions, if the block succeeds."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fchmod(descriptor, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
