"""The deadline that the client keeps for the database, and the slots that keep threads free."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from extensions.admission import PATIENT, Admission, Stalled
from extensions.deadline import TICK, DeadlinePassed, within

from .conftest import AT_ONCE


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """As far as a deadline goes, a connection to a server that is frozen: it has a descriptor and says nothing."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with ours, theirs:
        yield ours


def wait_in(connection: socket.socket) -> None:
    if connection.recv(1) == b"":
        raise ConnectionError("the server closed the connection")


def test_work_that_hangs_is_cut_off_at_its_deadline(connection: socket.socket) -> None:
    started = time.monotonic()
    with pytest.raises(DeadlinePassed), within(connection, 0.3):
        wait_in(connection)
    assert 0.3 <= time.monotonic() - started < 0.3 + AT_ONCE


def test_work_that_ends_in_time_is_left_alone(connection: socket.socket) -> None:
    with within(connection, 0.2):
        pass
    connection.settimeout(0.2 + 3 * TICK)  # past the first deadline, which counts no more
    with within(connection, 60), pytest.raises(TimeoutError):
        connection.recv(1)


@pytest.mark.parametrize("error", [ConnectionError, ValueError])
def test_what_goes_wrong_in_time_goes_wrong_as_it_is(error: type[Exception], connection: socket.socket) -> None:
    with pytest.raises(error), within(connection, 60):
        raise error


def test_a_connection_that_got_the_number_of_a_closed_one_is_not_cut(connection: socket.socket) -> None:
    stranger, peer = socket.socketpair()
    with stranger, peer:
        with within(connection, 0.2):
            number = connection.detach()
            os.dup2(stranger.fileno(), number)  # the driver closed it, and the next connection got its number
            peer.settimeout(0.2 + 3 * TICK)
            with pytest.raises(TimeoutError):
                peer.recv(1)  # b"" would be the end of it
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


def test_many_that_hang_at_once_are_all_cut_off() -> None:
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


def test_who_finds_every_slot_held_by_work_that_hangs_is_refused() -> None:
    admission = Admission(2)
    with admission.slot(), admission.slot():
        started = time.monotonic()
        with pytest.raises(Stalled), admission.slot():
            pass
        assert time.monotonic() - started < PATIENT + AT_ONCE
    with admission.slot():  # and let in again as soon as there is room
        pass


def test_who_finds_every_slot_taken_waits_for_one_that_comes_free() -> None:
    admission, entered = Admission(1), threading.Event()

    def enter() -> None:
        with admission.slot():
            entered.set()

    thread = threading.Thread(target=enter)
    with admission.slot():
        thread.start()
        assert not entered.wait(0.1)
    assert entered.wait(AT_ONCE)
    thread.join(5)


def test_a_slot_is_given_back_by_work_that_fails() -> None:
    admission = Admission(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="failed"), admission.slot():
            raise ValueError("failed")


def test_there_are_never_more_in_than_there_are_slots() -> None:
    admission, lock = Admission(3), threading.Lock()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with contextlib.suppress(Stalled), admission.slot():
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (inside, 1 <= most <= 3) == (0, True)
