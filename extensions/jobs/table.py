"""The table of jobs. A row is the truth about its job."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from extensions.database import db

JOBS = Table(
    "jobs",
    db.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, server_default=text("'queued'"), nullable=False),
    Column("key", Text),  # at most one job of a kind with this key is queued or running
    Column("lane", Text),  # at most one job of a lane is running
    Column("account_id", BigInteger),  # without a foreign key: a job outlives its account, and then fails
    Column("request_id", Text),  # of the request that created the job
    Column("payload", JSONB, server_default=text("'{}'"), nullable=False),
    Column("progress", JSONB, server_default=text("'{}'"), nullable=False),
    Column("result", JSONB),
    Column("error", Text),
    Column("attempt", Integer, server_default=text("0"), nullable=False),  # a fencing token
    Column("failures", Integer, server_default=text("0"), nullable=False),  # since the last progress
    Column("cancel_requested", Boolean, server_default=text("false"), nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("due_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
    CheckConstraint("jsonb_typeof(payload) = 'object'", name="payload_object"),
    CheckConstraint("jsonb_typeof(progress) = 'object'", name="progress_object"),
    Index("ix_jobs_kind", "kind", "id"),
    Index("ix_jobs_account_id", "account_id", "id"),
)
Index(
    "uq_jobs_key",
    JOBS.c.kind,
    JOBS.c.key,
    unique=True,
    postgresql_where=text("key IS NOT NULL AND state IN ('queued', 'running')"),
)
Index("uq_jobs_lane", JOBS.c.lane, unique=True, postgresql_where=text("lane IS NOT NULL AND state = 'running'"))
Index("ix_jobs_lane", JOBS.c.lane, JOBS.c.id, postgresql_where=text("lane IS NOT NULL AND state = 'queued'"))
Index("ix_jobs_due_at", JOBS.c.due_at, JOBS.c.id, postgresql_where=text("state = 'queued'"))
Index("ix_jobs_running", JOBS.c.id, postgresql_where=text("state = 'running'"))

STATES = ("queued", "running", "succeeded", "failed", "cancelled")
