"""The slots for work in the database, which keep threads free."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from extensions.database.limiter import MOST_WAITING, PATIENT, Admission, Crowded, Share, Stalled

PROMPT_SECONDS = 1.0  # added to the time that a wait may take


def test_work_is_refused_while_every_slot_hangs() -> None:
    admission = Admission(2)
    with admission.slot(), admission.slot():
        started = time.monotonic()
        with pytest.raises(Stalled), admission.slot():
            pass
        assert time.monotonic() - started < PATIENT + PROMPT_SECONDS
    with admission.slot():  # a free slot is available again
        pass


def test_work_waits_for_a_free_slot() -> None:
    admission, entered = Admission(1), threading.Event()

    def enter() -> None:
        with admission.slot():
            entered.set()

    thread = threading.Thread(target=enter)
    with admission.slot():
        thread.start()
        assert not entered.wait(0.1)
    assert entered.wait(PROMPT_SECONDS)
    thread.join(5)


def test_failed_work_frees_its_slot() -> None:
    admission = Admission(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="failed"), admission.slot():
            raise ValueError("failed")


def test_no_more_work_runs_than_there_are_slots() -> None:
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


@pytest.mark.parametrize("share", [Share.WRITES, Share.SLOW_READS])
def test_quick_reads_get_slots_while_others_hang(share: Share) -> None:
    admission = Admission(8)
    with contextlib.ExitStack() as held:
        for _ in range(admission.most[share]):
            held.enter_context(admission.slot(share=share))
        with pytest.raises(Stalled), admission.slot(time.monotonic() + 0.1, share):
            pass
        for _ in range(admission.slots - admission.most[share]):
            held.enter_context(admission.slot(time.monotonic()))


def test_limited_shares_leave_a_quarter_of_the_slots() -> None:
    most = Admission(16).most
    assert (most[Share.QUICK], most[Share.WRITES] + most[Share.SLOW_READS]) == (16, 12)


def test_a_quick_read_frees_a_slot_for_a_write() -> None:
    admission, entered = Admission(1), threading.Event()

    def write() -> None:
        with admission.slot(share=Share.WRITES):
            entered.set()

    thread = threading.Thread(target=write)
    with admission.slot():
        thread.start()
        assert not entered.wait(0.1)
    assert entered.wait(PROMPT_SECONDS)
    thread.join(5)


def test_a_write_is_refused_at_once_behind_many() -> None:
    admission, refused = Admission(1), []

    def write() -> None:
        try:
            with admission.slot(time.monotonic() + 0.5, Share.WRITES):
                pass
        except Stalled as error:
            refused.append(type(error))

    with admission.slot(share=Share.WRITES):
        threads = [threading.Thread(target=write) for _ in range(MOST_WAITING + 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
    assert sorted(refused, key=str) == [Crowded] * 2 + [Stalled] * MOST_WAITING
