"""Postgres: engine, transactions, deadlines, snapshots."""

from .background import start_repeating
from .deadline import DeadlinePassed
from .engine import (
    DatabaseUnavailable,
    Locked,
    Overloaded,
    Retry,
    TooSlow,
    committed,
    connect,
    db,
    fetch,
    probe,
)
from .limiter import Share
from .migrations import migrate, newest_revision
from .prepared import Statement, shape_of
from .snapshot import Busy, OverTime, Snapshot
from .transactions import enclosing, transaction

__all__ = [
    "Busy",
    "DatabaseUnavailable",
    "DeadlinePassed",
    "Locked",
    "OverTime",
    "Overloaded",
    "Retry",
    "Share",
    "Snapshot",
    "Statement",
    "TooSlow",
    "committed",
    "connect",
    "db",
    "enclosing",
    "fetch",
    "migrate",
    "newest_revision",
    "probe",
    "shape_of",
    "start_repeating",
    "transaction",
]
