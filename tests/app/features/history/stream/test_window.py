"""The window of the latest changes, and the wake-ups of followers that wait for it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from app.features.history.stream.events import Event, within_bytes
from app.features.history.stream.wakeups import AT_ONCE, Wakeups
from app.features.history.stream.window import MOST_BYTES, MOST_EVENTS, Window


def event(position: int, size: int = 10) -> Event:
    data = b"x" * size
    return Event(position, "books", "created", data, data)


def positions(window: Window, since: int) -> list[int]:
    return [each.position for each in window.behind(since)]


def test_a_window_has_the_changes_behind_a_position() -> None:
    window = Window(5, 5).extended([event(6), event(8), event(9)], 12)
    assert (window.floor, window.head) == (5, 12)
    assert [positions(window, since) for since in (5, 6, 7, 8, 12)] == [[6, 8, 9], [8, 9], [8, 9], [9], []]


def test_a_window_is_bounded_by_number() -> None:
    window = Window(0, 0)
    for start in range(1, 3 * MOST_EVENTS, 100):
        window = window.extended([event(position) for position in range(start, start + 100)], start + 99)
    assert len(window.events) == MOST_EVENTS
    assert window.floor == window.events[0].position - 1


def test_a_window_is_bounded_by_size() -> None:
    window = Window(0, 0)
    for position in range(1, 20):
        window = window.extended([event(position, MOST_BYTES // 4)], position)
    assert [each.position for each in window.events] == [16, 17, 18, 19]
    assert window.floor == 15


def test_one_change_may_be_larger_than_the_window() -> None:
    window = Window(0, 0).extended([event(1), event(2, 2 * MOST_BYTES)], 2)
    assert (window.floor, positions(window, 1)) == (1, [2])


@pytest.mark.parametrize(("sizes", "kept"), [([], 0), ([50], 1), ([5, 5], 2), ([5, 6], 1), ([50, 1], 1)])
def test_a_piece_is_bounded_but_has_one_event(sizes: list[int], kept: int) -> None:
    assert len(within_bytes([event(number, size) for number, size in enumerate(sizes)], 10)) == kept


def test_a_wake_up_reaches_all_that_wait() -> None:
    wakeups, number = Wakeups(), 3 * AT_ONCE + 1

    async def wait() -> float:
        started = time.monotonic()
        threading.Timer(0.1, wakeups.wake).start()
        await asyncio.gather(*(wakeups.wait(0, 20) for _ in range(number)))
        return time.monotonic() - started

    assert asyncio.run(wait()) < 10


def test_an_earlier_wake_up_is_not_lost() -> None:
    wakeups = Wakeups()
    seen = wakeups.count
    wakeups.wake()
    asyncio.run(asyncio.wait_for(wakeups.wait(seen, 20), 10))


def test_a_wait_that_ends_leaves_nothing() -> None:
    wakeups = Wakeups()

    async def wait() -> None:
        await asyncio.gather(*(wakeups.wait(0, 0.01) for _ in range(5)))
        waiting = asyncio.create_task(wakeups.wait(0, 20))
        await asyncio.sleep(0.01)
        waiting.cancel()

    asyncio.run(wait())
    assert wakeups._waiting == {}
