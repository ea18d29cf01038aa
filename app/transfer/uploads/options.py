"""The options of an import, from the query string of an upload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from app.core.query.pairs import Pairs
from app.core.query.parse import DRY_RUN
from app.core.query.reader import ParameterReader
from app.http.problems import unknown_name
from app.transfer.errors import TransferError
from app.transfer.import_job.wording import for_http
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.sample import encoding_named
from app.transfer.imports.formats.delimited import parse_delimiter
from app.transfer.imports.formats.registry import FORMAT_LABELS
from app.transfer.imports.importer import check_source
from app.transfer.imports.tables.matching import check_fields

MAP = "map."
MAP_FORM = f"{MAP}FIELD"
UPDATE, SKIP = "update", "skip"
NAMES = ("format", "source", "on_conflict", DRY_RUN, "encoding", "delimiter")


@dataclass(frozen=True)
class UploadOptions:
    """How an uploaded file is imported; an option that is None is detected."""

    format: str | None = None
    source: str | None = None
    on_conflict: str = UPDATE
    dry_run: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)  # columns by field

    @property
    def read(self) -> ReadOptions:
        """The options for reading the file."""
        return ReadOptions(self.format, self.mapping, self.encoding, self.delimiter, self.source)

    def as_json(self) -> dict[str, Any]:
        """Return the options as a JSON object."""
        return asdict(self)


def parse_options(pairs: Pairs) -> UploadOptions:
    """Return the options in a query string. Raises `InvalidQuery` with every fault."""
    reader = ParameterReader(pairs)
    values = {name: reader.single(name) for name in NAMES}
    conflict = reader.choice("on_conflict", (UPDATE, SKIP)) or UPDATE
    dry_run = reader.choice(DRY_RUN, ("true", "false")) == "true"
    if values["format"] is not None and values["format"] not in FORMAT_LABELS:
        reader.add_fault("format", "not_allowed", unknown_name(values["format"], FORMAT_LABELS, "format"))
    _check(reader, "source", values["source"], check_source)
    _check(reader, "encoding", values["encoding"], encoding_named)
    _check(reader, "delimiter", values["delimiter"], parse_delimiter)
    mapping = _mapping(reader)
    others = ParameterReader([pair for pair in pairs if not pair[0].startswith(MAP)])
    others.refuse_rest((*NAMES, MAP_FORM))
    # A repeated parameter may have been read twice.
    ParameterReader((), dict.fromkeys((*reader.faults, *others.faults))).raise_faults()
    return UploadOptions(
        values["format"], values["source"], conflict, dry_run, values["encoding"], values["delimiter"], mapping
    )


def _mapping(reader: ParameterReader) -> dict[str, str]:
    """Return the columns by field, from parameters such as ``map.title=Book-Title``."""
    mapping = {}
    for parameter in dict.fromkeys(name for name, _ in reader.pairs if name.startswith(MAP)):
        field_, column = parameter.removeprefix(MAP).strip(), (reader.single(parameter) or "").strip()
        if not field_ or not column:
            detail = f"{parameter} must name a field and its column, such as {MAP}title=Book-Title."
            reader.add_fault(parameter, "invalid", detail)
            continue
        _check(reader, parameter, {field_: column}, check_fields)
        mapping[field_] = column
    return mapping


def _check(reader: ParameterReader, name: str, value: Any, check: Callable[[Any], object]) -> None:
    """Add a fault if the import itself would refuse the value of a parameter."""
    try:
        if value is not None:
            check(value)
    except TransferError as error:
        reader.add_fault(name, "invalid", for_http(str(error)))
