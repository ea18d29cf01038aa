"""NDJSON (github.com/ndjson/ndjson-spec): in each line a record as the API answers it, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from .representation import Representation


class Ndjson(Representation):
    """A JSON object in each line; strings of JSON hold no line breaks."""

    media_type = "application/x-ndjson"
    suffix = "ndjson"

    def records(self, documents: Sequence[str]) -> bytes:
        return ("\n".join(documents) + "\n").encode()
