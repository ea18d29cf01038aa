"""What may stand in a path."""

from __future__ import annotations

from werkzeug.routing import BaseConverter

from .vocabulary import Id


class IdConverter(BaseConverter):
    """An id, written plainly: neither ``0001`` nor ``+1`` nor digits of another script, and no more than fits.

    The pattern alone decides: werkzeug answers a converter's error with 405 where other rules share the path.
    """

    regex = Id.PLAIN.pattern

    def to_python(self, value: str) -> int:
        return int(value)
