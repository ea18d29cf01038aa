"""The sampler, on threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.features.operations.profile.flame_graph import flame_graph
from app.features.operations.profile.sampler import BACKGROUND, REQUESTS, Profile, Stack, sample
from app.features.operations.profile.speedscope import name_of, speedscope
from extensions.server.threads import NAME


@pytest.fixture
def running() -> Iterator[Callable[[str, Callable[[threading.Event], None]], None]]:
    """Run a function in a thread of this name until the end of the test."""
    end, threads = threading.Event(), []

    def run(name: str, work: Callable[[threading.Event], None]) -> None:
        threads.append(threading.Thread(target=work, args=(end,), name=name))
        threads[-1].start()

    yield run
    end.set()
    for thread in threads:
        thread.join()


def busy_work(end: threading.Event) -> None:
    while not end.is_set():
        sum(range(100))


def waiting_work(end: threading.Event) -> None:
    end.wait()


def _stacks_with(profile: Profile, name: str) -> list[Stack]:
    return [stack for stack in profile.stacks if any(name_of(call) == name for call in stack)]


def test_a_busy_thread_is_sampled(running: Callable[..., None]) -> None:
    running("a busy thread", busy_work)
    assert {stack[0] for stack in _stacks_with(sample(0.2), "busy_work")} == {BACKGROUND}


def test_a_request_that_waits_is_sampled(running: Callable[..., None]) -> None:
    running(f"{NAME}1", waiting_work)
    assert {stack[0] for stack in _stacks_with(sample(0.2), "waiting_work")} == {REQUESTS}


def test_a_paused_background_thread_is_left_out(running: Callable[..., None]) -> None:
    running("a paused thread", waiting_work)
    stacks = sample(0.3).stacks
    paused = sum(count for stack, count in stacks.items() if "waiting_work" in map(name_of, stack))
    assert paused <= 2  # before it is known that it does not move


def test_the_own_thread_is_left_out() -> None:
    with ThreadPoolExecutor() as threads:
        profile = threads.submit(sample, 0.1).result()
    assert profile.samples
    assert not _stacks_with(profile, "sample")


def test_a_speedscope_file_has_the_time_of_all_stacks(running: Callable[..., None]) -> None:
    running(f"{NAME}1", waiting_work)
    profile = sample(0.2)
    document = speedscope(profile)
    (stacks,) = document["profiles"]
    frames = document["shared"]["frames"]
    assert document["name"].startswith(f"Worker {profile.pid}")
    assert all(index < len(frames) for stack in stacks["samples"] for index in stack)
    assert stacks["endValue"] == pytest.approx(sum(stacks["weights"]), abs=0.01)
    assert stacks["endValue"] > 0.15
    assert {"name": "waiting_work", "file": "tests/app/features/operations/profile/test_sampler.py"}.items() <= next(
        frame for frame in frames if frame["name"] == "waiting_work"
    ).items()


def test_a_flame_graph_names_each_call_without_scripts(running: Callable[..., None]) -> None:
    running(f"{NAME}1", lambda end: end.wait())
    page = flame_graph(sample(0.2))
    assert ".&lt;locals&gt;.&lt;lambda&gt;" in page
    assert not any(part in page for part in ("<script", "http", "url(", "<lambda>", " style="))


def test_a_worker_without_work_has_an_empty_flame_graph() -> None:
    page = flame_graph(Profile(1, 1.0))
    assert "all threads" in page
