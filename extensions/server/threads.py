"""A thread pool for an event loop, with few context switches.

A context switch is expensive: a thread that wakes up while others run waits for the interpreter lock, and so does the
event loop. With ``loop.run_in_executor``, this takes longer than a short request itself. So

- the calls of one iteration of the loop are submitted together, at its end;
- a few busy threads run the calls, and an idle thread is woken only after a call has waited for them;
- calls that finish while the loop is busy wake it once.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

NAME = "request-"  # the names of the threads begin with it
BUSY = 3  # busy threads, above which calls wait for one of them
PATIENCE = 0.002  # seconds that a call waits for a busy thread before an idle thread is woken

Job = tuple["asyncio.Future[Any]", Callable[[], Any]]


class Threads:
    """`size` daemon threads for the running event loop."""

    def __init__(self, size: int) -> None:
        self._loop, self._size = asyncio.get_running_loop(), size
        self._new: list[Job] = []  # from this iteration of the loop
        self._queue: deque[Job] = deque()
        self._idle: list[_Inbox] = []  # of idle threads, the latest last
        self._lock = threading.Lock()  # of the queue and the idle threads
        self._finished: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._delivery_is_scheduled = self._wake_up_is_scheduled = False
        for number in range(size):
            threading.Thread(target=self._work, args=(_Inbox(),), name=f"{NAME}{number}", daemon=True).start()

    def run(self, call: Callable[[], Result]) -> asyncio.Future[Result]:
        """Run `call` in a thread. The future gets its result or exception, except ``StopIteration``."""
        future: asyncio.Future[Result] = self._loop.create_future()
        if not self._new:
            self._loop.call_soon(self._submit)
        self._new.append((future, call))
        return future

    def _submit(self) -> None:
        new, self._new = self._new, []
        with self._lock:
            for job in new:
                if self._idle and self._size - len(self._idle) < BUSY:
                    self._idle.pop().put(job)
                else:
                    self._queue.append(job)
        self._schedule_wake_up()

    def _schedule_wake_up(self) -> None:
        if self._queue and self._idle and not self._wake_up_is_scheduled:
            self._wake_up_is_scheduled = True
            self._loop.call_later(PATIENCE, self._wake_thread)

    def _wake_thread(self) -> None:
        self._wake_up_is_scheduled = False
        with self._lock:
            if self._queue and self._idle:
                self._idle.pop().put(self._queue.popleft())
        self._schedule_wake_up()

    def _work(self, inbox: _Inbox) -> None:
        while True:
            with self._lock:
                job = self._queue.popleft() if self._queue else None
                if job is None:
                    self._idle.append(inbox)
            future, call = job or inbox.get()
            try:
                self._finished.append((future, call(), None))
            except BaseException as error:  # raised again by the coroutine that awaits the future
                self._finished.append((future, None, error))
            del job, future, call  # so that an idle thread keeps no response in memory
            if not self._delivery_is_scheduled:
                self._delivery_is_scheduled = True
                with contextlib.suppress(RuntimeError):  # the loop is closed, because the process is ending
                    self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._delivery_is_scheduled = False  # before the loop, so that a later call schedules another delivery
        while self._finished:
            future, result, error = self._finished.popleft()
            if future.done():  # cancelled
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


class _Inbox:
    """The next job of an idle thread."""

    def __init__(self) -> None:
        self._job: Job | None = None
        self._is_full = threading.Lock()  # released while there is a job
        self._is_full.acquire()

    def put(self, job: Job) -> None:
        self._job = job
        self._is_full.release()

    def get(self) -> Job:
        """Wait for the job, and take it."""
        self._is_full.acquire()
        job, self._job = self._job, None
        assert job is not None
        return job
