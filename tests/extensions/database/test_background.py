"""Work that a process repeats in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask, current_app

from extensions.database import DatabaseUnavailable, background, start_repeating
from tests.support.waiting import until


@pytest.fixture
def repeat(session_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Repeat work with these results, and return the names of the threads that did it.

    After the last result, the thread sleeps until the process ends.
    """
    monkeypatch.setattr(background, "FAILURE_SECONDS", 0.0)

    def start(*results: int | Exception) -> list[str]:
        done: list[str] = []

        def work() -> int:
            assert current_app.name
            if len(done) == len(results):
                threading.Event().wait()
            done.append(threading.current_thread().name)
            result = results[len(done) - 1]
            if isinstance(result, Exception):
                raise result
            return result

        start_repeating(session_app, "the-work", work, 0.001)
        return done

    return start


@pytest.mark.parametrize(
    "result", [1, 0, DatabaseUnavailable(), ValueError("a fault")], ids=["work", "no work", "outage", "fault"]
)
def test_work_is_repeated_whatever_its_result(repeat: Callable[..., list[str]], result: int | Exception) -> None:
    done = repeat(result, result, 0)
    until(lambda: len(done) == 3)
    assert set(done) == {"the-work"}


def test_a_fault_is_logged(repeat: Callable[..., list[str]], caplog: pytest.LogCaptureFixture) -> None:
    done = repeat(ValueError("a fault"), 0)
    until(lambda: len(done) == 2)
    assert "The work of the thread the-work failed" in caplog.text
    assert "a fault" in caplog.text
