"""Concurrent calls and requests, each in its own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from .http import Response

Result = TypeVar("Result")


def simultaneously(*calls: Callable[[], Result]) -> list[Result]:
    """Run calls concurrently, each in a thread; return their results in order."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        barrier.wait(20)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class RequestPool:
    """Requests that are in flight; `responses` waits for all of them."""

    def __init__(self, threads: int = 80) -> None:
        self.threads = ThreadPoolExecutor(threads)
        self.futures: list[Future[Response]] = []

    def send(self, request: Callable[..., Response], *arguments: Any, times: int = 1, **headers: str) -> None:
        """Send a request, or several of its kind, without waiting for a response."""
        self.futures += [self.threads.submit(request, *arguments, **headers) for _ in range(times)]

    def responses(self) -> list[Response]:
        """The responses to all requests, in the order of these."""
        return [future.result(60) for future in self.futures]


@pytest.fixture
def request_pool() -> Iterator[RequestPool]:
    """An empty pool, which waits for its requests at the end of the test."""
    pool = RequestPool()
    with pool.threads:
        yield pool
