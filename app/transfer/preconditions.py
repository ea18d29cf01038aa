"""Checks of the database before an import or an export starts."""

from __future__ import annotations

from app.config import command_line
from extensions.database import probe

from .errors import NoTables


def require_tables() -> None:
    """Raise `NoTables` if the database was never migrated. Raises ``DatabaseUnavailable``."""
    if probe() is None:
        raise NoTables(f"The database has no tables yet. Run `{command_line('prepare')}` first.")
