"""The part `file` of a body of the type ``multipart/form-data`` (RFC 7578), decoded while it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Field, File, MultipartDecoder, NeedData

from app.http.problems import Fault, ValidationFailed
from app.values.json_value import escape
from app.values.text import showable

FILE = "file"
SEND_FILE = "send it as a part with a file name, such as: curl -F file=@books.csv"
LINE_END = 64  # bytes after a boundary, which may have white space before its line break
BUFFERED = 256 * 1024  # bytes of a part's header, or of a piece with the rest of the one before it


class FilePart:
    """The only file of a multipart body. Iterate over its bytes once; then `name` is known.

    Iteration raises `ValidationFailed` for a body without a file, with two files, or with any other part.
    """

    def __init__(self, pieces: Iterable[bytes], boundary: str) -> None:
        marker = boundary.encode("latin-1", "replace")
        self._pieces = _with_whole_boundaries(pieces, b"--" + marker)
        self._decoder = MultipartDecoder(marker, BUFFERED)
        self.name: str | None = None  # as it was sent
        self._has_file = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self._decoder.receive_data(piece)
                yield from self._decoded()
            self._decoder.receive_data(None)
            yield from self._decoded()
        except (ValueError, RequestEntityTooLarge):
            detail = "The multipart body is malformed or cut off. Send it again, or send the file itself as the body."
            raise _fault("", "invalid", detail) from None
        if not self._has_file:
            raise _fault(f"/{FILE}", "required", f"The part {FILE} is missing; {SEND_FILE}.")

    def _decoded(self) -> Iterator[bytes]:
        """Yield the bytes of the file that have been decoded so far."""
        while not self._is_complete:
            event = self._decoder.next_event()
            if isinstance(event, NeedData):
                return
            if isinstance(event, File | Field):
                self._check(event)
            elif isinstance(event, Data):
                yield event.data

    @property
    def _is_complete(self) -> bool:
        return self._decoder.state.name == "COMPLETE"

    def _check(self, part: File | Field) -> None:
        """Raise `ValidationFailed` unless a part is the first one and the file."""
        name = part.name or ""
        if name != FILE:
            detail = (
                f"The part {showable(name)} is unknown; the only part is {FILE}. Put options into the query, such as "
                "POST /imports?dry_run=true."
            )
            raise _fault(f"/{escape(name)}", "unknown", detail)
        if isinstance(part, Field):
            raise _fault(f"/{FILE}", "invalid", f"The part {FILE} is text without a file name; {SEND_FILE}.")
        if self._has_file:
            raise _fault(f"/{FILE}", "too_many", "The body has several files. Send each file in a request of its own.")
        self._has_file, self.name = True, part.filename


def _with_whole_boundaries(pieces: Iterable[bytes], marker: bytes) -> Iterator[bytes]:
    """Yield the same bytes in pieces that never end within a boundary, or just after it.

    Werkzeug's decoder would take the line break before such a boundary for a byte of the file.
    """
    held = len(marker) + LINE_END
    rest = b""
    for piece in pieces:
        rest += piece
        cut = len(rest) - held
        if cut <= 0:
            continue
        start = rest.find(marker, max(0, cut - held), cut + len(marker))
        if 0 <= start < cut:
            cut = start
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    yield rest


def _fault(pointer: str, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed.from_fault(Fault("body", pointer, code, detail))
