"""A window: the time from a client's first request, within which its requests are counted."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Window(NamedTuple):
    """The window of a key after a request."""

    is_allowed: bool  # whether the request was within the limit
    used: int  # the cost of all allowed requests
    seconds: float  # until the window ends; 0 if none has begun


class Windows(Protocol):
    """Counts the cost of requests for each key. Every method is atomic for all threads and processes."""

    def take(self, key: str, limit: int, seconds: int, cost: int) -> Window:
        """Count `cost` if the sum stays within `limit`, otherwise nothing.

        The first cost begins a window of `seconds`.
        """

    def give_back(self, key: str, cost: int) -> None:
        """Subtract a cost that was taken, if the window still runs."""
