"""Samples the stacks of all threads of this process.

A profile of wall-clock time: what a thread does counts, and what it waits for while it handles a request, such as the
database or the interpreter lock. Idle threads do not count, because there are about a hundred of them.
"""

from __future__ import annotations

import asyncio.runners
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import CodeType, FrameType

from extensions.server import threads as pool

INTERVAL = 0.01  # seconds between two samples
# Seconds until a running thread must give the interpreter lock to the sampler. With Python's 5 ms it would give it only
# where it waits for something, and nothing else would be in the profile.
SWITCH_INTERVAL = 0.0005
EVENT_LOOP, REQUESTS, BACKGROUND = "event loop", "requests", "background threads"
# Where a thread of the pool waits for a request, and the event loop for the network.
_IDLE_FILES = frozenset({pool.__file__, asyncio.runners.__file__})

Stack = tuple[str | CodeType, ...]  # the kind of the thread, then its calls, outermost first


@dataclass
class Profile:
    """The stacks of a worker, each with the number of samples that had it."""

    pid: int
    seconds: float
    samples: int = 0  # that were taken
    stacks: Counter[Stack] = field(default_factory=Counter)

    @property
    def interval(self) -> float:
        """The seconds that a sample stands for: more than `INTERVAL` if the worker was too busy for it."""
        return self.seconds / max(1, self.samples)


def sample(seconds: float) -> Profile:
    """Sample this process for some seconds, and return the profile. Blocks only the calling thread.

    Not to be called by two threads at once.
    """
    profile = Profile(os.getpid(), seconds)
    switch_interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        _collect(profile)
    finally:
        sys.setswitchinterval(switch_interval)
    return profile


def _collect(profile: Profile) -> None:
    own = threading.get_ident()
    previous: dict[int, tuple[FrameType, int]] = {}
    began = due = time.monotonic()
    while (now := time.monotonic()) < began + profile.seconds:
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        frames = sys._current_frames()
        del frames[own]
        for ident, frame in frames.items():
            kind = _kind(ident, names.get(ident, ""))
            is_idle = frame.f_code.co_filename in _IDLE_FILES
            if kind == BACKGROUND:
                # It is paused if it has not moved. A frame object can be reused, but not while this one is kept.
                is_idle = previous.get(ident) == (frame, frame.f_lasti)
                previous[ident] = (frame, frame.f_lasti)
            if not is_idle:
                profile.stacks[(kind, *_calls(frame))] += 1
        del frames
        profile.samples += 1
        due = max(due + INTERVAL, now)
        time.sleep(max(0.0, due - time.monotonic()))


def _kind(ident: int, name: str) -> str:
    if ident == threading.main_thread().ident:
        return EVENT_LOOP
    return REQUESTS if name.startswith(pool.NAME) else BACKGROUND


def _calls(frame: FrameType | None) -> list[CodeType]:
    calls = []
    while frame is not None:
        calls.append(frame.f_code)
        frame = frame.f_back
    return calls[::-1]
