"""The thread of a process that reads new changes for all of its followers, while it has any."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from app.features.history.feed.read import PositionAhead, PositionPruned, read_changes
from app.features.history.positions import last_position
from app.features.history.tables import CATALOG_RESOURCES
from app.http.problems import Unavailable
from extensions.database import DatabaseUnavailable

from .events import events
from .wakeups import Wakeups
from .window import Window

FOLLOWING = "catalog.following"  # key in the application's extensions
POLL_SECONDS = 0.2  # between two polls, of one cheap statement each
PAGE_CHANGES = 200  # of one read
MOST_FOLLOWERS = 256  # of a process; half of the connections that it keeps open
MOST_CATCHING_UP = 2  # followers of an event loop that read old changes from the table at once
RETRY_SECONDS = 10
RIGHTS_RESOURCES = ("accounts", "tokens")  # whose changes may take rights from a follower

log = logging.getLogger("catalog.following")


class Following:
    """The followers of a process, and the window of changes that they share."""

    def __init__(self, context: Callable[[], AbstractContextManager[Any]]) -> None:
        """`context` enters the application."""
        self.context = context
        self.window: Window | None = None  # None until the first poll
        self.restarts = 0  # how often positions went back, as after a restore of the database
        self.is_failing = False  # the database does not respond
        self.moved = Wakeups()  # after each change of the window
        self.number = 0  # of followers
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._catching_up: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    def join(self) -> None:
        """Count a follower, and read changes from now on. Raises `Unavailable` if there are too many."""
        with self._lock:
            if self.number >= MOST_FOLLOWERS:
                detail = f"Too many clients follow the changes; try again in {RETRY_SECONDS} seconds."
                raise Unavailable(detail, RETRY_SECONDS)
            self.number += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
                self._thread.start()

    def leave(self) -> None:
        """Count one follower less. The thread ends after the last one."""
        with self._lock:
            self.number -= 1

    def catching_up(self) -> asyncio.Semaphore:
        """Return the semaphore of the running event loop for reads of the table."""
        loop = asyncio.get_running_loop()
        return self._catching_up.setdefault(loop, asyncio.Semaphore(MOST_CATCHING_UP))

    def _run(self) -> None:
        while self._is_followed():
            began = time.monotonic()
            has_more = self._poll()
            worked = time.monotonic() - began
            # After many changes it rests for as long as it worked, because requests share the interpreter with it.
            time.sleep(worked if has_more else max(worked, POLL_SECONDS - worked))

    def _is_followed(self) -> bool:
        with self._lock:
            if self.number:
                return True
            self._thread, self.window = None, None
            return False

    def _poll(self) -> bool:
        """Read new changes into the window; return whether there are more. An error does not end the thread."""
        try:
            with self.context():
                has_more = self._extend()
        except DatabaseUnavailable as error:
            if not self.is_failing:
                log.warning("Followers get no changes for now: %s", repr(error.__cause__ or error))
            self.is_failing = True
        except (PositionAhead, PositionPruned) as error:
            log.warning("All followers must connect again: %s", error)
            self.window = None
            self.restarts += 1
            self.moved.wake()
        except Exception:
            log.exception("New changes could not be read")
            self.is_failing = True
        else:
            self.is_failing = False
            return has_more
        return False

    def _extend(self) -> bool:
        window = self.window
        if window is None:
            position = last_position()
            self.window = Window(position, position)
            self.moved.wake()
            return False
        page = read_changes(window.head, PAGE_CHANGES, resources=(*CATALOG_RESOURCES, *RIGHTS_RESOURCES))
        if page.last != window.head:
            shown = [row for row in page.rows if row.resource in CATALOG_RESOURCES]
            taken = [row for row in page.rows if row.resource in RIGHTS_RESOURCES and row.op != "created"]
            self.window = window.extended(events(shown), page.last, taken[-1].position if taken else 0)
            self.moved.wake()
        return page.more
