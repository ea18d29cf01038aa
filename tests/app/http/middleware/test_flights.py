"""The calls that single flight shares, without requests."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.http.middleware.single_flight import SingleFlight
from tests.support.waiting import until


def test_a_failed_call_leaves_nothing_behind() -> None:
    flights: SingleFlight[str] = SingleFlight(4)
    started, go = threading.Event(), threading.Event()

    def fail() -> str:
        started.set()
        assert go.wait(10)
        raise LookupError

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(flights.run, "key", fail)
        assert started.wait(10)
        others = [pool.submit(flights.run, "key", lambda: "mine") for _ in range(3)]
        go.set()
        with pytest.raises(LookupError):
            first.result(10)
        assert [other.result(10)[0] for other in others] == ["mine"] * 3
    assert flights.run("key", lambda: "again") == ("again", False)
    assert flights.under_way == {}


def test_other_keys_do_not_wait() -> None:
    flights: SingleFlight[str] = SingleFlight(4)
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.run, "a", lambda: str(go.wait(10)))
        until(lambda: "a" in flights.under_way)
        assert flights.run("b", lambda: "b") == ("b", False)
        go.set()
        assert first.result(10) == ("True", False)


def test_a_later_caller_runs_the_work_again() -> None:
    flights: SingleFlight[int] = SingleFlight(4)
    assert [flights.run("key", lambda number=number: number) for number in range(3)] == [  # type: ignore[misc]
        (0, False),
        (1, False),
        (2, False),
    ]
