"""Jobs: work in the background. A row of the table is the truth; Celery runs the jobs, and its messages are hints."""

from .job import JobCancelled, JobFailed, JobLost, JobPostponed, RunningJob
from .kinds import Kind, add_kind, kinds
from .queue import Enqueued, cancel, enqueue, retry
from .running import run_job
from .sweep import sweep
from .table import JOBS

__all__ = [
    "JOBS",
    "Enqueued",
    "JobCancelled",
    "JobFailed",
    "JobLost",
    "JobPostponed",
    "Kind",
    "RunningJob",
    "add_kind",
    "cancel",
    "enqueue",
    "kinds",
    "retry",
    "run_job",
    "sweep",
]
