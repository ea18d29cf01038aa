"""The log: one line for each event, to standard error."""

from __future__ import annotations

import logging

from flask import Flask


def init_app(app: Flask) -> None:
    """Log from the level that is set; a level set twice adds no second handler."""
    logger = logging.getLogger("catalog")
    logger.setLevel(app.config["LOG_LEVEL"])
    logger.propagate = False
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
