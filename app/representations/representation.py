"""What a representation of many records is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from app.resource import Resource


class Representation(ABC):
    """Records of one resource: what stands before them, the records, what stands behind.

    `fields` are the members that each has. `left_out` counts what the form could not hold, by what it is.
    """

    media_type: ClassVar[str] = ""
    charset: ClassVar[str] = ""  # a parameter of the media type, with "; " before it
    suffix: ClassVar[str] = ""  # of the names of files

    def __init__(self, resource: Resource, fields: Sequence[str]) -> None:
        self.resource, self.fields = resource, fields
        self.left_out: Counter[str] = Counter()

    def head(self) -> bytes:
        """What stands before the records."""
        return b""

    @abstractmethod
    def records(self, documents: Sequence[str]) -> bytes:
        """Some records, of which each is given as the JSON text of its members."""

    def tail(self) -> bytes:
        """What stands behind the records."""
        return b""
