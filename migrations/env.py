"""Runs the migrations in one transaction, in one process at a time."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Column, text

# Several replicas may start at once. The first to get this advisory lock migrates; the others then have nothing to do.
LOCK = 0x636174616C6F67  # "catalog"

database = current_app.extensions["migrate"].db


def _can_be_compared(item: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    """Exclude indexes on expressions: Alembic cannot compare expressions, so they are written by hand."""
    return not (kind == "index" and any(not isinstance(part, Column) for part in item.expressions))


def run_online() -> None:
    with database.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0; SET lock_timeout = 0"))
        connection.commit()
        with connection.begin():
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            context.configure(
                connection=connection,
                target_metadata=database.metadata,
                transactional_ddl=True,
                include_object=_can_be_compared,
                compare_server_default=False,
            )
            context.run_migrations()
        connection.detach()  # the pool must not reuse a connection with this setting
        connection.close()


def run_offline() -> None:
    context.configure(url=database.engine.url, target_metadata=database.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
