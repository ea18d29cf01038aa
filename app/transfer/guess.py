"""What the user says of a file, how the file begins, and what it is taken for."""

from __future__ import annotations

import codecs
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .records import Kind
from .sources import SAMPLE, Unreadable

if TYPE_CHECKING:
    from .readers.columns import Columns
    from .readers.delimited import Dialect

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPOKEN = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


@dataclass(frozen=True)
class Wishes:
    """What the user says of a file; what is None is guessed.

    `format` is the name of a format or of a layout; `mapping` names a column for a field (``{"title": "Book-Title"}``);
    `source` is the scheme under which ids of the file are kept; `restore` keeps ids and timestamps of our own NDJSON.
    """

    format: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    source: str | None = None
    restore: bool = False


@dataclass(frozen=True)
class Beginning:
    """The first bytes of a file, and the text that they are in the encoding that was wished for, or is guessed."""

    head: bytes
    wished: str | None = None

    @cached_property
    def encoding(self) -> str:
        """The encoding. Raises `Unreadable` where there is none of the name that was wished for."""
        return _encoding(self.head, self.wished)

    @cached_property
    def text(self) -> str:
        """The text, without what is cut off at its end."""
        return _decoded(self.head, self.encoding)

    @cached_property
    def start(self) -> str:
        """The text from its first letter on."""
        return self.text.lstrip("\ufeff \t\r\n")


@dataclass(frozen=True)
class Guess:
    """What a file is taken for. As text it is a sentence to be read before anything is written."""

    format: str
    label: str
    kind: Kind | None  # None: books and authors, each record says it
    source: str  # under which its ids and digests are kept
    counted_in: Literal["line", "record"]  # what places in the file are
    encoding: str | None = None
    packing: str | None = None
    dialect: Dialect | None = None
    columns: Columns | None = None

    def __str__(self) -> str:
        parts = [str(self.dialect) if self.dialect else self.label]
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
    return codecs.getincrementaldecoder(encoding)("replace").decode(head)
