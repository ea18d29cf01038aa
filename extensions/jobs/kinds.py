"""Kinds of jobs: what each does, and when it is repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from .job import RunningJob

KINDS = "catalog.job_kinds"  # key in the application's extensions


@dataclass(frozen=True)
class Kind:
    """A kind of job."""

    name: str
    # Does the work, in the context of the application; returns the result. Raises `JobFailed`, `JobCancelled`,
    # `JobLost` and `JobPostponed`. After any other error, the job is retried. The work may be repeated after a crash
    # at any point.
    work: Callable[[RunningJob], Mapping[str, Any] | None]
    has_process: bool = False  # each job runs in a process of its own
    lane: str | None = None  # at most one job of a lane is running
    retries: tuple[float, ...] = ()  # seconds before each further attempt after an error; then the job has failed
    every: float | None = None  # seconds from the end of a job to the creation of the next one
    # Whether a periodic job has anything to do now.
    is_due: Callable[[], bool] = lambda: True


def add_kind(app: Flask, kind: Kind) -> None:
    """Register a kind with an application. Raises `ValueError` if the name is taken."""
    kinds: dict[str, Kind] = app.extensions.setdefault(KINDS, {})
    if kind.name in kinds:
        raise ValueError(f"There are two kinds of jobs with the name {kind.name!r}.")
    kinds[kind.name] = kind


def kinds() -> Mapping[str, Kind]:
    """Return the kinds of the current application, by name."""
    registered: Mapping[str, Kind] = current_app.extensions.get(KINDS, {})
    return registered
