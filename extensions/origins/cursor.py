"""A cursor of psycopg2 that marks each statement with the route of its request."""

from __future__ import annotations

from typing import Any

import psycopg2.extensions
from flask import current_app

from .origins import ORIGINS, Origins


class MarkedCursor(psycopg2.extensions.cursor):
    """A cursor whose statements end with a comment such as ``/* GET /books 3f9a21c04d7e */``."""

    route: str | None = None  # of all its statements; by default each has the route of the current request

    def execute(self, query: Any, vars: Any = None) -> None:
        if current_app and isinstance(query, str):
            origins: Origins | None = current_app.extensions.get(ORIGINS)
            if origins is not None:
                query = origins.marked(query, origins.current_route() if self.route is None else self.route)
        super().execute(query, vars)
