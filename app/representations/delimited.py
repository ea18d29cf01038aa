"""CSV (RFC 4180) and TSV in our own columns, which are the names of the fields; the import reads them back.

Several values of a list stand in one cell with ``;`` between them (see ``values.cell``), identifiers as
``scheme:value``, contributors with their roles. Cells hold what is stored, also where a spreadsheet would take it for a
formula: to put something before it would be another value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import ClassVar

from app.resource import Resource

from .representation import Representation


class Csv(Representation):
    """Cells with commas between them, in quotes where they hold commas, quotes or line breaks; UTF-8."""

    media_type = "text/csv"
    charset = "; charset=utf-8; header=present"
    suffix = "csv"
    delimiter: ClassVar[str] = ","

    def __init__(self, resource: Resource, fields: Sequence[str]) -> None:
        super().__init__(resource, fields)
        self._cells = [(name, resource.fields[name].kind.cell) for name in fields]
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, delimiter=self.delimiter, lineterminator="\r\n")

    def head(self) -> bytes:
        self._writer.writerow(self.fields)
        return self._taken()

    def records(self, documents: Sequence[str]) -> bytes:
        decode, cells, write = json.loads, self._cells, self._writer.writerow
        for document in documents:
            record = decode(document)
            write([value if type(value := record[name]) is str else cell(value) for name, cell in cells])
        return self._taken()

    def _taken(self) -> bytes:
        """What was written since the last time."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode()


class Tsv(Csv):
    """The same with tabs between the cells."""

    media_type = "text/tab-separated-values"
    suffix = "tsv"
    delimiter = "\t"
