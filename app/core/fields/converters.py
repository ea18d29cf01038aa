"""URL converters: the types of variable parts of a path."""

from __future__ import annotations

from werkzeug.routing import BaseConverter

from .numbers import Id


class IdConverter(BaseConverter):
    """An id in plain decimal digits, as `Id`.

    ``0001``, ``+1``, digits of other scripts and numbers beyond bigint do not match. The pattern excludes them, because
    Werkzeug turns an error of a converter into a 405 if other rules match the path.
    """

    regex = Id.PLAIN.pattern

    def to_python(self, value: str) -> int:
        return int(value)
