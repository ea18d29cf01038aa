"""The cache backend in the memory of a process."""

from __future__ import annotations

import threading
import time

import pytest

from extensions.cache.memory import MOST_BYTES, MemoryCache


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache(default_timeout=10, most_bytes=100_000)


def test_a_stored_value_is_returned(cache: MemoryCache) -> None:
    assert cache.set("a", b"1")
    assert (cache.get("a"), cache.get("b")) == (b"1", None)


def test_a_value_expires_after_its_timeout(cache: MemoryCache, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    cache.set("default", b"1")
    cache.set("short", b"1", timeout=2)
    now += 3
    assert (cache.get("default"), cache.get("short")) == (b"1", None)
    now += 8
    assert cache.get("default") is None
    assert cache.bytes == 0


def test_the_size_is_bounded(cache: MemoryCache) -> None:
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


def test_the_least_recently_used_value_goes_first(cache: MemoryCache) -> None:
    for name in "abcdefgh":
        cache.set(name, b"x" * 12_000)
    assert cache.get("a")
    cache.set("i", b"x" * 12_000)
    assert cache.get("a")
    assert cache.get("b") is None


def test_a_too_large_value_replaces_the_previous_by_nothing(cache: MemoryCache) -> None:
    cache.set("a", b"old")
    assert not cache.set("a", b"x" * 12_501)
    assert cache.get("a") is None
    assert cache.bytes == 0


def test_replacing_deleting_and_clearing_free_their_size(cache: MemoryCache) -> None:
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


def test_concurrent_threads_keep_the_size_correct(cache: MemoryCache) -> None:
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
