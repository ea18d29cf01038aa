"""What may stand in a path."""

from __future__ import annotations

from werkzeug.routing import BaseConverter, ValidationError

from .vocabulary import BIGINT_MAX, Id


class IdConverter(BaseConverter):
    """An id, written plainly: neither ``0001`` nor ``+1`` nor digits of another script, and no more than fits."""

    regex = Id.PLAIN.pattern

    def to_python(self, value: str) -> int:
        if int(value) > BIGINT_MAX:
            raise ValidationError
        return int(value)
