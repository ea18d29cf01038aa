"""The latest changes in memory, which followers read by their positions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from .events import Event

MOST_EVENTS = 2_000
MOST_BYTES = 4 * 1024 * 1024  # of all events, unless the latest one alone has more


class Window(NamedTuple):
    """All changes behind `floor`, up to `head`. It never changes, so threads share it without a lock."""

    floor: int
    head: int
    events: tuple[Event, ...] = ()
    rights_at: int = 0  # the position of the last change that may have taken rights from a follower

    def behind(self, position: int) -> Sequence[Event]:
        """Return the events behind a position, which is at least the floor."""
        return self.events[bisect_right(self.events, position, key=attrgetter("position")) :]

    def extended(self, events: Iterable[Event], head: int, rights_at: int = 0) -> Window:
        """Return the window with further events up to the position `head`, without the oldest ones.

        `rights_at` is 0 if the further changes took no rights.
        """
        kept = (*self.events, *events)
        size, excess, floor = sum(event.size for event in kept), 0, self.floor
        while len(kept) - excess > MOST_EVENTS or (size > MOST_BYTES and len(kept) - excess > 1):
            size -= kept[excess].size
            floor = kept[excess].position
            excess += 1
        return Window(floor, head, kept[excess:], rights_at or self.rights_at)
