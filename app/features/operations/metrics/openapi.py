"""The operation of ``/metrics``."""

from __future__ import annotations

from app.core.openapi.describe import Components, Schema
from app.core.openapi.operations import ReadDocument
from app.core.openapi.responses import headers
from app.features.operations import OPERATIONS

OPENMETRICS = "application/openmetrics-text"
EXAMPLE = """# HELP catalog_workers Worker processes of the server.
# TYPE catalog_workers gauge
catalog_workers 2.0
# EOF
"""


class ReadMetrics(ReadDocument):
    """A text in one of two formats."""

    def responses(self) -> dict[str, Schema]:
        content = {"schema": {"type": "string"}, "example": EXAMPLE}
        formats = {OPENMETRICS: content, "text/plain": content}
        return {"200": {"description": "The metrics", "headers": headers("X-Request-ID"), "content": formats}}

    def components(self) -> Components:
        return {}


READ_METRICS = ReadMetrics(OPERATIONS, {}, EXAMPLE, problems=(404,))
