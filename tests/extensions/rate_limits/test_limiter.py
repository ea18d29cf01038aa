"""The limiter: the same rules in the shared file and in Redis, for all processes together."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from extensions.rate_limits import create_rate_limiter
from extensions.rate_limits.limiter import RateLimiter
from tests import ROOT
from tests.support.servers.redis import Redis
from tests.support.waiting import until

PROCESSES, THREADS, HITS = 4, 4, 60  # more than the limit in all
PROGRAM = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from extensions.rate_limits import create_rate_limiter, redis_storage
redis_storage.TIMEOUT = 20  # a busy machine may be too slow for the usual one
limiter = create_rate_limiter("600/day", Path(sys.argv[1]), sys.argv[2] or None)
key, cost = sys.argv[3], int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor({THREADS}) as pool:
    usages = list(pool.map(lambda _: limiter.hit(key, cost), range({THREADS * HITS})))
print(sum(usage.is_allowed for usage in usages))
"""

Limiter = Callable[[str], RateLimiter]


@pytest.fixture(params=["file", "redis"])
def redis_url(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("redis_server").url) if request.param == "redis" else None


@pytest.fixture
def limiter(tmp_path: Path, redis_url: str | None) -> Limiter:
    """Create a limiter of a rate, with counters of its own."""

    def create(rate: str) -> RateLimiter:
        limiter = create_rate_limiter(rate, tmp_path, redis_url)
        assert limiter
        return limiter

    return create


@pytest.fixture
def key(tmp_path: Path) -> str:
    return str(tmp_path)


def test_a_client_has_a_limit(limiter: Limiter, key: str) -> None:
    minute = limiter("3/minute")
    usages = [minute.hit(key, 1) for _ in range(4)]
    assert [usage.is_allowed for usage in usages] == [True, True, True, False]
    assert [usage.remaining for usage in usages] == [2, 1, 0, 0]
    assert {(usage.limit, usage.window) for usage in usages} == {(3, 60)}
    assert all(55 <= usage.seconds <= 60 for usage in usages)
    assert minute.hit(f"{key} of another", 1).is_allowed


def test_a_refused_batch_leaves_what_was_left(limiter: Limiter, key: str) -> None:
    minute = limiter("600/minute")
    assert minute.hit(key, 300).remaining == 300
    refused = minute.hit(key, 500)
    assert (refused.is_allowed, refused.remaining) == (False, 300)
    assert minute.hit(key, 300).is_allowed


def test_a_refused_rest_gives_the_first_cost_back(limiter: Limiter, key: str) -> None:
    minute = limiter("100/minute")
    minute.hit(key, 50)
    minute.hit(key, 5)
    refused = minute.hit(key, 60, refund=5)
    assert (refused.is_allowed, refused.remaining) == (False, 50)


def test_no_request_costs_more_than_the_limit(limiter: Limiter, key: str) -> None:
    minute = limiter("100/minute")
    assert minute.hit(key, 5).cost == 5
    assert minute.hit(key, 1000, refund=5).remaining == 0


def test_requests_pass_again_after_the_window(limiter: Limiter, key: str) -> None:
    second = limiter("1/second")
    until(lambda: not second.hit(key, 1).is_allowed)
    until(lambda: second.hit(key, 1).is_allowed)


def test_a_refusal_does_not_prolong_the_window(limiter: Limiter, key: str) -> None:
    second = limiter("1/second")
    second.hit(key, 1)
    until(lambda: second.hit(key, 1).is_allowed)  # tried every 20 ms


@pytest.mark.parametrize("cost", [1, 5, 7])
def test_exactly_the_limit_passes_over_four_processes(
    cost: int, tmp_path: Path, redis_url: str | None, key: str
) -> None:
    # With Redis, each process is a machine of its own.
    folders = [tmp_path / str(number if redis_url else 0) for number in range(PROCESSES)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), redis_url or "", key, str(cost)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=240) for process in processes]
    assert "".join(errors for _, errors in outputs) == ""
    assert sum(int(passed) for passed, _ in outputs) == 600 // cost


@pytest.mark.parametrize("outage", ["killed", "frozen"])
def test_the_machine_counts_while_redis_does_not_reply(outage: str, redis_server: Redis, tmp_path: Path) -> None:
    limiter = create_rate_limiter("2/minute", tmp_path, redis_server.url)
    assert limiter
    with getattr(redis_server, outage)():
        assert [limiter.hit(outage, 1).is_allowed for _ in range(3)] == [True, True, False]
    numbers = itertools.count()

    def another_client_is_counted_in_redis() -> bool:
        key = f"{outage} {next(numbers)}"
        limiter.hit(key, 1)
        return is_counted(redis_server, key)

    until(another_client_is_counted_in_redis)


def test_redis_is_not_queried_soon_after_a_failure(
    redis_server: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extensions.rate_limits.limiter.PAUSE", 3600)
    limiter = create_rate_limiter("10/minute", tmp_path, redis_server.url)
    assert limiter
    with redis_server.killed():
        limiter.hit("paused", 1)
    assert limiter.hit("paused", 1).remaining == 8
    assert not is_counted(redis_server, "paused")


def test_a_slow_redis_does_not_add_to_the_limit(redis_server: Redis, tmp_path: Path) -> None:
    limiter = create_rate_limiter("4/minute", tmp_path, redis_server.url)
    assert limiter
    passed = [limiter.hit("slow", 1).is_allowed for _ in range(3)]
    with redis_server.frozen():
        passed += [limiter.hit("slow", 1).is_allowed for _ in range(3)]
    assert passed == [True] * 4 + [False] * 2


def test_a_refusal_for_all_machines_costs_this_one_nothing(
    redis_server: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extensions.rate_limits.redis_storage.TIMEOUT", 20)
    first, second = (create_rate_limiter("4/minute", tmp_path / name, redis_server.url) for name in ("1", "2"))
    assert first
    assert second
    first.hit("costless", 3)
    assert [second.hit("costless", 2).is_allowed for _ in range(5)] == [False] * 5
    assert second.hit("costless", 1).is_allowed


def is_counted(redis_server: Redis, key: str) -> bool:
    """Whether Redis holds a window of a key."""
    return any(f"/{key}/" in stored for stored in redis_server.stored_keys())


def test_processes_count_by_themselves_without_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    limiter = create_rate_limiter("1/minute", tmp_path / "file", None)
    assert limiter
    assert [limiter.hit("a", 1).is_allowed for _ in range(2)] == [True, False]


def test_no_rate_means_no_limiter(tmp_path: Path) -> None:
    assert create_rate_limiter("off", tmp_path, None) is None
