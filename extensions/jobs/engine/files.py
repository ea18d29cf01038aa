"""A broker of files: kombu's filesystem transport, for one queue, in a private folder.

kombu's own `_put` writes a message under its final name, so that another process can read half of it; its `_get` moves
it to the folder for temporary files of the machine; and its table of exchanges can be read while it is written.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

SUFFIX = ".message"


class Channel(filesystem.Channel):
    """A channel. `transport_options` has the `folder`, in which all messages of all queues are."""

    @property
    def _folder(self) -> Path:
        return Path(self.connection.client.transport_options["folder"])

    def get_table(self, exchange: str) -> list[Any]:
        """Return the queues of an exchange: the one with its name."""
        return [filesystem.exchange_queue_t(exchange, "", exchange)]

    def _queue_bind(self, *_: Any) -> None:
        pass

    def _delete(self, queue: str, *_: Any, **__: Any) -> None:
        self._purge(queue)

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020}-{uuid.uuid4().hex}"
        unfinished = self._folder / f".{name}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(dumps(payload))
            unfinished.rename(self._folder / f"{name}.{queue}{SUFFIX}")
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in self._names(queue):
            taken = self._folder / f".{name}.{os.getpid()}"
            try:
                (self._folder / name).rename(taken)  # fails in all processes but one
                text = taken.read_text("utf-8")
                taken.unlink()
                return loads(text)
            except (OSError, ValueError):  # ValueError: not JSON, after a crash of the machine
                continue
        raise Empty

    def _names(self, queue: str) -> list[str]:
        end = f".{queue}{SUFFIX}"
        return sorted(name for name in os.listdir(self._folder) if name.endswith(end) and not name.startswith("."))

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        names = self._names(queue)
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        return len(names)


class Transport(filesystem.Transport):
    """Kombu's transport for the broker of files."""

    Channel = Channel


def create_folder(folder: Path) -> None:
    """Create the folder, which only its user can open, and delete what a crash has left unfinished there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for path in folder.glob(".*"):
        if time.time() - path.stat().st_mtime > 60:
            path.unlink(missing_ok=True)
