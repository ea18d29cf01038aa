"""Jobs: work in the background. A row of the table is the truth; Celery runs the jobs, and its messages are hints."""

from .engine.broker import init_app
from .engine.hints import send_hint
from .expiry import expiry
from .job import JobAttemptFailed, JobCancelled, JobFailed, JobLost, JobPostponed, RunningJob
from .kinds import KINDS, Kind, add_kind, kinds
from .queue import Enqueued, cancel, enqueue, retry
from .running import run_job
from .sweep import sweep
from .table import JOBS

__all__ = [
    "JOBS",
    "KINDS",
    "Enqueued",
    "JobAttemptFailed",
    "JobCancelled",
    "JobFailed",
    "JobLost",
    "JobPostponed",
    "Kind",
    "RunningJob",
    "add_kind",
    "cancel",
    "enqueue",
    "expiry",
    "init_app",
    "kinds",
    "retry",
    "run_job",
    "send_hint",
    "sweep",
]
