"""Migrations (Flask-Migrate, Alembic)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from flask_migrate import Migrate

FOLDER = Path(__file__).parent.parent.parent / "migrations"

migrate = Migrate(directory=str(FOLDER))


@cache
def newest_revision() -> str | None:
    """Return the revision of a fully migrated database."""
    return ScriptDirectory(str(FOLDER)).get_current_head()
