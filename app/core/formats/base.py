"""The base class of all formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from app.core.resource import Resource


class Representation(ABC):
    """Records of one resource in a format: a head, the records, a tail."""

    media_type: ClassVar[str] = ""
    charset: ClassVar[str] = ""  # a parameter of the media type, with "; " before it
    suffix: ClassVar[str] = ""  # of file names

    def __init__(self, resource: Resource, fields: Sequence[str]) -> None:
        """`fields` are the members of each record."""
        self.resource, self.fields = resource, fields
        self.left_out: Counter[str] = Counter()  # counts of values that the format cannot express, by kind

    def head(self) -> bytes:
        """Return what comes before the records."""
        return b""

    @abstractmethod
    def records(self, documents: Sequence[str]) -> bytes:
        """Return some records, each given as the JSON text of its members."""

    def tail(self) -> bytes:
        """Return what comes after the records."""
        return b""
