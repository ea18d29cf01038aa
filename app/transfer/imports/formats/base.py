"""The base class of the formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Literal

from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.input_file import InputFile
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.rejects import RejectsWriter
from app.transfer.imports.files.sample import Sample
from app.transfer.records import RawOutcome, RecordKind


class InputFormat(ABC):
    """A format: detects and reads its files, and writes their rejected records."""

    name: ClassVar[str]  # for --format
    label: ClassVar[str]
    family: ClassVar[str]  # its name in messages that list the formats
    rejects_writer: ClassVar[type[RejectsWriter]]
    kind: ClassVar[RecordKind | None] = None  # None if each record has its own kind
    source: ClassVar[str] = ""  # the identifier scheme of its ids, unless --source names one
    unit: ClassVar[Literal["line", "record"]] = "line"  # what record numbers count
    is_text: ClassVar[bool] = True  # whether its encoding is detected

    @abstractmethod
    def matches(self, sample: Sample) -> bool:
        """Return whether the beginning of a file has this format."""

    def detect(self, sample: Sample, options: ReadOptions, compression: str | None) -> Detected:
        """Return the details of a file of this format. Raises `Unreadable`."""
        encoding = sample.encoding if self.is_text else None
        source = options.source or self.source
        return Detected(self.name, self.label, self.kind, source, self.unit, encoding, compression)

    @abstractmethod
    def read(self, file: InputFile, detected: Detected, options: ReadOptions) -> Iterator[RawOutcome]:
        """Iterate over the records of a file. Raises `ReadAborted`."""
