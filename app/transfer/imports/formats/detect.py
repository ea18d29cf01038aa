"""Detecting the format of a file by its first bytes, unless --format names it."""

from __future__ import annotations

import re

from app.transfer.errors import Unreadable
from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.input_file import InputFile
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.sample import Sample

from .delimited import detect_table
from .registry import FAMILIES, FORMAT_LABELS, INPUT_FORMATS

MAX_CONTROLS = 0.02  # highest share of control characters in a text
READABLE = f"Supported formats: {', '.join(FAMILIES)}."

# Files without catalog data, by their first bytes, with advice if there is any.
_FOREIGN = {
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"RIFF": "a picture or a sound (RIFF)",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office document; save the spreadsheet as CSV",
    b"SQLite format 3": "a SQLite database; export its tables as CSV",
    b"\x7fELF": "a program",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"PAR1": "a Parquet file; convert it to CSV",
}


def detect(file: InputFile, options: ReadOptions) -> Detected:
    """Return the detected format of a file. Raises `Unreadable` if no format fits."""
    _refuse_foreign(file.head)
    if options.format is not None and options.format not in FORMAT_LABELS:
        raise Unreadable(f"Unknown format {options.format!r}. Formats: {', '.join(FORMAT_LABELS)}.")
    sample = Sample(file.head, options.encoding)
    for format_ in INPUT_FORMATS:
        if options.format == format_.name or (options.format is None and format_.matches(sample)):
            return format_.detect(sample, options, file.compression)
    if options.format is None:
        _refuse_other_text(sample)
    return detect_table(sample, options, file.compression)


def _refuse_foreign(head: bytes) -> None:
    if head[257:262] == b"ustar":
        raise Unreadable("The file is a tar archive. Unpack it and import a file in it.")
    for magic, noun in _FOREIGN.items():
        if head.startswith(magic):
            raise Unreadable(f"The file is {noun}. {READABLE}")


def _refuse_other_text(sample: Sample) -> None:
    """Raise `Unreadable` for text that is certainly not a table."""
    start = sample.start
    if not start:
        raise Unreadable("The file has only white space.")
    if start.startswith("<"):
        if re.search("<html|<!doctype html", start[:2000], re.I):
            raise Unreadable(
                "The file is a web page. The download may have returned an error page; download the file again."
            )
        raise Unreadable("The file is XML, but not MARCXML, the only XML format supported.")
    text = sample.text[:20_000]
    controls = sum(ord(character) < 32 and character not in "\t\r\n\f\v" for character in text)
    if controls > MAX_CONTROLS * len(text) + 1:
        why = f"{controls:,} of its first {len(text):,} characters are control characters, such as NUL"
        raise Unreadable(f"The file is not text: {why}. {READABLE} If it is a table nevertheless, add --format csv.")
