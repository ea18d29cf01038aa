"""Which routes send which statements, for reports by Postgres (``pg_stat_statements``, ``pg_stat_activity``)."""

from .cursor import MarkedCursor
from .origins import KEY_IN_MARK, ORIGINS, Origins, key_of, unmarked

__all__ = ["KEY_IN_MARK", "ORIGINS", "MarkedCursor", "Origins", "key_of", "unmarked"]
