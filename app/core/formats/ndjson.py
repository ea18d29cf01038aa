"""NDJSON (github.com/ndjson/ndjson-spec): one record per line, exactly as the API returns it."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Representation


class Ndjson(Representation):
    """One JSON object per line."""

    media_type = "application/x-ndjson"
    suffix = "ndjson"

    def records(self, documents: Sequence[str]) -> bytes:
        return ("\n".join(documents) + "\n").encode()
