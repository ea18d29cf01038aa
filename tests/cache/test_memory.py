"""The cache backend in the memory of a process."""

from __future__ import annotations

import threading
import time

import pytest

from extensions.memory import MOST_BYTES, MemoryCache


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache(default_timeout=10, most_bytes=100_000)


def test_what_was_kept_is_found_and_the_rest_is_not(cache: MemoryCache) -> None:
    assert cache.set("a", b"1")
    assert (cache.get("a"), cache.get("b")) == (b"1", None)


def test_a_value_lasts_as_long_as_it_was_said_to(cache: MemoryCache, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    cache.set("default", b"1")
    cache.set("short", b"1", timeout=2)
    now += 3
    assert (cache.get("default"), cache.get("short")) == (b"1", None)
    now += 8
    assert cache.get("default") is None
    assert cache.bytes == 0


def test_no_more_is_kept_than_the_bound(cache: MemoryCache) -> None:
    for number in range(500):
        cache.set(f"key {number}", b"x" * (number * 7 % 5000))
        assert cache.bytes <= cache.most_bytes
    kept = [number for number in range(500) if cache.get(f"key {number}") is not None]
    assert kept == list(range(kept[0], 500))  # the oldest made room
    assert sum(number * 7 % 5000 for number in kept) <= cache.most_bytes


def test_many_small_values_are_bounded_too(cache: MemoryCache) -> None:
    for number in range(10_000):
        cache.set(str(number), b"")
    assert cache.get("9999") == b""
    assert sum(cache.get(str(number)) is not None for number in range(10_000)) <= cache.most_bytes // 300


def test_what_was_read_last_stays_longest(cache: MemoryCache) -> None:
    for name in "abcdefgh":
        cache.set(name, b"x" * 12_000)
    assert cache.get("a")
    cache.set("i", b"x" * 12_000)
    assert cache.get("a")
    assert cache.get("b") is None


def test_a_value_over_an_eighth_is_not_kept_and_the_one_before_it_is_gone(cache: MemoryCache) -> None:
    cache.set("a", b"old")
    assert not cache.set("a", b"x" * 12_501)
    assert cache.get("a") is None
    assert cache.bytes == 0


def test_replacing_deleting_and_clearing_give_the_room_back(cache: MemoryCache) -> None:
    cache.set("a", b"x" * 1000)
    once = cache.bytes
    cache.set("a", b"y" * 1000)
    assert cache.bytes == once
    assert cache.delete("a")
    assert not cache.delete("a")
    assert cache.bytes == 0
    cache.set("a", b"x")
    assert cache.clear()
    assert (cache.bytes, cache.get("a")) == (0, None)


def test_threads_at_once_leave_the_count_right(cache: MemoryCache) -> None:
    failures = []

    def work(seed: int) -> None:
        try:
            for number in range(2000):
                key = str((seed * number) % 97)
                cache.set(key, b"x" * (number % 3000))
                cache.get(str(number % 97))
                if number % 50 == 0:
                    cache.delete(key)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert 0 <= cache.bytes <= cache.most_bytes
    for key in range(97):
        cache.delete(str(key))
    assert cache.bytes == 0


def test_the_bound_of_a_process_is_small() -> None:
    assert MemoryCache().most_bytes == MOST_BYTES <= 64 * 1024 * 1024
