"""The deadline that the client keeps for the database."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from extensions.database.deadline import TICK, DeadlinePassed, within

PROMPT_SECONDS = 1.0  # added to the time that a wait may take


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """A fake connection to a frozen server: a socket that receives nothing."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with ours, theirs:
        yield ours


def wait_in(connection: socket.socket) -> None:
    if connection.recv(1) == b"":
        raise ConnectionError("the server closed the connection")


def test_hanging_work_is_cut_off_at_its_deadline(connection: socket.socket) -> None:
    started = time.monotonic()
    with pytest.raises(DeadlinePassed), within(connection, 0.3):
        wait_in(connection)
    assert 0.3 <= time.monotonic() - started < 0.3 + PROMPT_SECONDS


def test_work_within_its_deadline_is_not_cut_off(connection: socket.socket) -> None:
    with within(connection, 0.2):
        pass
    connection.settimeout(0.2 + 3 * TICK)  # past the first deadline, which no longer counts
    with within(connection, 60), pytest.raises(TimeoutError):
        connection.recv(1)


@pytest.mark.parametrize("error", [ConnectionError, ValueError])
def test_errors_within_the_deadline_are_raised_unchanged(error: type[Exception], connection: socket.socket) -> None:
    with pytest.raises(error), within(connection, 60):
        raise error


def test_a_reused_descriptor_is_not_cut_off(connection: socket.socket) -> None:
    stranger, peer = socket.socketpair()
    with stranger, peer:
        with within(connection, 0.2):
            number = connection.detach()
            os.dup2(stranger.fileno(), number)  # as if the driver had closed it and the next connection got its number
            peer.settimeout(0.2 + 3 * TICK)
            with pytest.raises(TimeoutError):
                peer.recv(1)  # b"" would mean that it was closed
        os.close(number)
        stranger.sendall(b"x")
        assert peer.recv(1) == b"x"


@pytest.mark.parametrize("seconds", [60, -1])
def test_deadlines_leave_no_descriptor_open(seconds: float, connection: socket.socket) -> None:
    with within(connection, 60):
        pass
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        ours, theirs = socket.socketpair()
        with ours, theirs, contextlib.suppress(DeadlinePassed), within(ours, seconds):
            if seconds < 0:
                wait_in(ours)
    assert len(os.listdir("/proc/self/fd")) == before


def test_much_hanging_work_is_all_cut_off() -> None:
    cut = []

    def hang() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                with within(ours, 0.3):
                    wait_in(ours)
            except DeadlinePassed:
                cut.append(1)

    threads = [threading.Thread(target=hang, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(cut) == 20
