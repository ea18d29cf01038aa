"""What a file is: its format, encoding, dialect and columns, guessed from its beginning, unless somebody said so."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .readers import delimited, jsonrecords
from .readers.columns import Columns, columns_of
from .readers.delimited import DELIMITERS, Dialect
from .readers.layouts import LAYOUTS
from .records import Kind
from .sources import READABLE, SAMPLE, Source, Unreadable

# The names of formats, with what they are called. A layout of a spreadsheet is a format, too.
FORMATS = {
    "csv": "CSV",
    "tsv": "TSV",
    "ndjson": "NDJSON",
    "json": "JSON array",
    "openlibrary": "Open Library dump",
    "marc": "MARC 21",
    "marcxml": "MARCXML",
    **{layout.name: layout.label for layout in LAYOUTS},
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPOKEN = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}
_marc = re.compile(rb"\s*[ -~]{5}[acdnps ][a-z ][a-z ][ -~]{2}[0-9 ]{2}[0-9]{5}", re.DOTALL)
_dump = re.compile(r"/type/\w+\t/")
MOST_CONTROLS = 0.02  # share of control characters above which something is no text


@dataclass(frozen=True)
class Wishes:
    """What the user says of a file; what is None is guessed.

    `format` is a key of `FORMATS`; `mapping` names a column for a field (``{"title": "Book-Title"}``); `source` is the
    scheme under which ids of the file are kept; `restore` keeps ids and timestamps of our own NDJSON.
    """

    format: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    source: str | None = None
    restore: bool = False


@dataclass(frozen=True)
class Guess:
    """What a file is taken for. As text it is a sentence to be read before anything is written."""

    format: str
    kind: Kind | None  # None: books and authors, each record says it
    source: str  # under which its ids and digests are kept
    encoding: str | None = None
    packing: str | None = None
    dialect: Dialect | None = None
    columns: Columns | None = None

    @property
    def counted_in(self) -> str:
        """What places in the file are: a "line" or a "record"."""
        return "record" if self.format in ("json", "marc", "marcxml") else "line"

    def __str__(self) -> str:
        parts = [FORMATS[self.format]]
        if self.dialect:
            parts = [f"{DELIMITERS.get(self.dialect.delimiter, repr(self.dialect.delimiter))}-separated"]
        if self.encoding:
            parts.append(_SPOKEN.get(self.encoding, self.encoding))
        if self.packing:
            parts.append(self.packing)
        if self.columns:
            parts.append(self.columns.layout.label)
        said = [", ".join(parts)]
        if self.columns:
            said.append(", ".join(self.columns.described()))
            if self.columns.unused:
                said.append("not used: " + ", ".join(name or "(no name)" for name in self.columns.unused))
            said += self.columns.notes
        return "; ".join(said)


def guess(source: Source, wishes: Wishes) -> Guess:
    """What a source is. Raises `Unreadable` where it cannot be anything that is known, with what to do."""
    if wishes.format is not None and wishes.format not in FORMATS:
        raise Unreadable(f"There is no format {wishes.format!r}. Formats: {', '.join(FORMATS)}.")
    head, packing = source.head, source.packing
    found = wishes.format or ("marc" if _is_marc(head) else None)
    if found == "marc":
        return Guess("marc", "books", wishes.source or "marc", None, packing)
    encoding = _encoding(head, wishes.encoding)
    text = _decoded(head, encoding)
    found = found or _format(text)
    if found == "marcxml":
        return Guess("marcxml", "books", wishes.source or "marc", None, packing)
    if found == "openlibrary":
        return Guess("openlibrary", None, "openlibrary", encoding, packing)
    if found in ("ndjson", "json"):
        return Guess(found, None, wishes.source or "catalog", encoding, packing)
    if wishes.format is None:
        _refuse_binary(text)
    delimiter = {"tab": "\t", "\\t": "\t"}.get(wishes.delimiter or "", wishes.delimiter)
    if delimiter is not None and len(delimiter) != 1:
        raise Unreadable(f"A delimiter is one character, or tab; {delimiter!r} is none.")
    dialect = delimited.guess_dialect(text, delimiter or ("\t" if found == "tsv" else None))
    header = delimited.header_of(text, dialect)
    layout = found if found not in ("csv", "tsv") else None
    columns = columns_of(header, wishes.mapping, layout, wishes.source)
    format_ = "tsv" if dialect.delimiter == "\t" else "csv"
    return Guess(format_, columns.layout.kind, columns.source, encoding, packing, dialect, columns)


def kind_of_records(source: Source, guessed: Guess) -> Kind:
    """Of a file of JSON: what its first record is."""
    text = _decoded(source.head, guessed.encoding or "utf-8").lstrip().removeprefix("[").lstrip()
    try:
        value, _ = jsonrecords.decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return "books"
    return jsonrecords.kind_of(value) or "books"


def _is_marc(head: bytes) -> bool:
    return _marc.match(head) is not None and (b"\x1e" in head or b"\x1d" in head)


def _encoding(head: bytes, wished: str | None) -> str:
    """The encoding that was asked for, that of a byte order mark, UTF-8 if it is that, else Windows-1252 or Latin-1."""
    bom = next((encoding for mark, encoding in _BOMS if head.startswith(mark)), None)
    if wished:
        try:
            name = codecs.lookup(wished).name
            io.TextIOWrapper(io.BytesIO(), name)  # some are of bytes, not of text
        except LookupError:
            raise Unreadable(f"There is no encoding {wished!r}; try utf-8, cp1252, latin-1 or utf-16.") from None
        if bom and name in ("utf-8", "utf-16"):
            return bom
        try:
            _decoded(head, name)
        except UnicodeError as error:
            raise Unreadable(f"Its encoding is not {wished}: {error}. Leave --encoding out: it is guessed.") from None
        return name
    if bom:
        return bom
    nulls = head[:2000]
    if len(nulls) >= 4 and nulls[1::2].count(0) > len(nulls) * 0.4:
        return "utf-16-le"
    if len(nulls) >= 4 and nulls[::2].count(0) > len(nulls) * 0.4:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head, final=len(head) < SAMPLE)
    except UnicodeDecodeError:
        try:
            head.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "utf-8"


def _decoded(head: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(head)


def _format(text: str) -> str | None:
    """The format of a text by how it begins; None: some kind of table."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        lowered = start[:2000].lower()
        if "<html" in lowered or "<!doctype html" in lowered:
            raise Unreadable("It is a web page, not a file of data; perhaps the download led to an error page.")
        if re.search(r"<(\w+:)?(record|collection)\b", start[:5000]):
            return "marcxml"
        raise Unreadable("It is XML, but no MARCXML, the only XML that can be read.")
    if start.startswith("["):
        return "json" if re.match(r"\[\s*[{\]]", start) else None
    if start.startswith("{"):
        return "ndjson"
    if _dump.match(start):
        return "openlibrary"
    if not start:
        raise Unreadable("It holds nothing but white space.")
    return None


def _refuse_binary(text: str) -> None:
    sample = text[:20_000]
    controls = sum(ord(one) < 32 and one not in "\t\r\n\f\v" for one in sample)
    if controls > MOST_CONTROLS * len(sample) + 1:
        said = f"{controls:,} of its first {len(sample):,} characters are control characters, such as NUL"
        raise Unreadable(f"It is no text: {said}. {READABLE} If it is a table all the same, say --format csv.")
