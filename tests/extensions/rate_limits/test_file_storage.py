"""The counters that all processes of one machine share."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from extensions.rate_limits import file_storage
from extensions.rate_limits.file_storage import BUCKET, SIZE, SLOT, FileStorage

DAY = 86_400  # seconds
SLOTS = BUCKET // SLOT.size


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "rate_limits")


class Clock:
    """The time as the storage sees it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(file_storage, "time", clock)
    return clock


@pytest.fixture
def one_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """All keys share a bucket."""
    monkeypatch.setattr(file_storage, "BUCKETS", 1)


def test_a_window_begins_with_the_first_cost(storage: FileStorage, clock: Clock) -> None:
    assert storage.take("a", 10, 60, 4) == (True, 4, 60)
    clock.now += 59.5
    assert storage.take("a", 10, 60, 6) == (True, 10, 0.5)
    assert storage.take("a", 10, 60, 1) == (False, 10, 0.5)
    clock.now += 0.5
    assert storage.take("a", 10, 60, 1) == (True, 1, 60)


def test_a_refused_cost_is_not_counted(storage: FileStorage) -> None:
    storage.take("a", 600, 60, 300)
    assert storage.take("a", 600, 60, 500)[:2] == (False, 300)
    assert storage.take("a", 600, 60, 300)[:2] == (True, 600)


def test_a_cost_is_given_back_within_its_window(storage: FileStorage, clock: Clock) -> None:
    storage.give_back("a", 5)
    storage.take("a", 10, 60, 5)
    storage.give_back("a", 3)
    assert storage.get("a") == 2
    storage.give_back("a", 3)
    assert storage.take("a", 10, 60, 10)[:2] == (True, 10)
    clock.now += 61
    storage.give_back("a", 10)
    assert storage.take("a", 10, 60, 1) == (True, 1, 60)


def test_keys_do_not_share_a_window(storage: FileStorage) -> None:
    for number in range(1000):
        assert storage.take(f"key {number}", 1, DAY, 1).is_allowed
    assert not any(storage.take(f"key {number}", 1, DAY, 1).is_allowed for number in range(1000))


def test_the_file_does_not_grow(storage: FileStorage, tmp_path: Path) -> None:
    for number in range(1000):
        storage.take(f"key {number}", 1, DAY, 1)
    assert (tmp_path / "rate_limits").stat().st_size == SIZE


def test_a_new_window_takes_the_slot_of_an_ended_one(storage: FileStorage, clock: Clock, one_bucket: None) -> None:
    storage.take("short", 9, 1, 1)
    for number in range(SLOTS - 1):
        storage.take(f"long {number}", 9, 60, 1)
    clock.now += 2
    storage.take("new", 9, 60, 1)
    assert [storage.get(f"long {number}") for number in range(SLOTS - 1)] == [1] * (SLOTS - 1)
    assert (storage.get("short"), storage.get("new")) == (0, 1)


def test_a_full_bucket_loses_the_window_that_ends_first(storage: FileStorage, clock: Clock, one_bucket: None) -> None:
    for number in range(SLOTS):
        storage.take(f"key {number}", 9, 60 - number, 1)
    storage.take("new", 9, 60, 1)
    assert [storage.get(f"key {number}") for number in range(SLOTS)] == [1] * (SLOTS - 1) + [0]
    assert storage.get("new") == 1


def test_a_clock_that_is_set_back_blocks_no_client(storage: FileStorage, clock: Clock) -> None:
    storage.take("a", 1, 60, 1)
    clock.now -= DAY
    assert storage.take("a", 1, 60, 1) == (True, 1, 60)


def test_counts_outlive_their_process(tmp_path: Path) -> None:
    FileStorage(tmp_path / "file").take("a", 9, 60, 4)
    assert FileStorage(tmp_path / "file").get("a") == 4


def test_a_deleted_folder_does_not_stop_the_counting(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    storage = FileStorage(folder / "file")
    shutil.rmtree(folder)
    assert [storage.take("a", 1, 60, 1).is_allowed for _ in range(2)] == [True, False]


def test_a_missing_folder_raises_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        FileStorage(tmp_path / "nowhere" / "file")


def test_the_strategies_of_the_library_use_the_storage(storage: FileStorage) -> None:
    limiter, item = FixedWindowRateLimiter(storage), RateLimitItemPerMinute(2)
    assert [limiter.hit(item, "a") for _ in range(3)] == [True, True, False]
    stats = limiter.get_window_stats(item, "a")
    assert stats.remaining == 0
    assert 0 < stats.reset_time - time.time() <= 60
    limiter.clear(item, "a")
    assert limiter.test(item, "a")
    assert limiter.hit(item, "b")
    storage.reset()
    assert limiter.get_window_stats(item, "b").remaining == 2
    assert storage.check()
