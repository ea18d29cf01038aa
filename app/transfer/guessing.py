"""The format of a file, guessed from its beginning unless somebody said it; of a table its dialect and columns, too."""

from __future__ import annotations

import re

from .guess import Beginning, Guess, Wishes
from .readers import FORMATS, TABLES, delimited
from .readers.columns import columns_of
from .readers.format import Format
from .readers.layouts import LAYOUTS
from .sources import READABLE, Source, Unreadable

# What may be wished for, with what it is called. A layout of a spreadsheet is a format, too.
NAMES = {one.name: one.label for one in (*TABLES, *FORMATS)} | {layout.name: layout.label for layout in LAYOUTS}
MOST_CONTROLS = 0.02  # share of control characters above which something is no text


def guess(source: Source, wishes: Wishes) -> Guess:
    """What a source is. Raises `Unreadable` where it cannot be anything that is known, with what to do."""
    if wishes.format is not None and wishes.format not in NAMES:
        raise Unreadable(f"There is no format {wishes.format!r}. Formats: {', '.join(NAMES)}.")
    beginning = Beginning(source.head, wishes.encoding)
    for one in FORMATS:
        if wishes.format == one.name or (wishes.format is None and one.knows(beginning)):
            encoding = beginning.encoding if one.is_text else None
            scheme = wishes.source or one.source
            return Guess(one.name, one.label, one.kind, scheme, one.counted_in, encoding, source.packing)
    if wishes.format is None:
        _refuse_what_is_no_table(beginning)
    return _table(beginning, source.packing, wishes)


def format_of(guessed: Guess) -> Format:
    """The format of a guess."""
    return next(one for one in (*FORMATS, *TABLES) if one.name == guessed.format)


def _table(beginning: Beginning, packing: str | None, wishes: Wishes) -> Guess:
    delimiter = {"tab": "\t", "\\t": "\t"}.get(wishes.delimiter or "", wishes.delimiter)
    if delimiter is not None and len(delimiter) != 1:
        raise Unreadable(f"A delimiter is one character, or tab; {delimiter!r} is none.")
    dialect = delimited.guess_dialect(beginning.text, delimiter or ("\t" if wishes.format == "tsv" else None))
    layout = wishes.format if wishes.format not in ("csv", "tsv") else None
    columns = columns_of(delimited.first_rows(beginning.text, dialect), wishes.mapping, layout, wishes.source)
    one = delimited.TSV if dialect.delimiter == "\t" else delimited.CSV
    kind, encoding = columns.layout.kind, beginning.encoding
    return Guess(one.name, one.label, kind, columns.source, one.counted_in, encoding, packing, dialect, columns)


def _refuse_what_is_no_table(beginning: Beginning) -> None:
    start = beginning.start
    if not start:
        raise Unreadable("It holds nothing but white space.")
    if start.startswith("<"):
        if re.search("<html|<!doctype html", start[:2000], re.I):
            raise Unreadable("It is a web page, not a file of data; perhaps the download led to an error page.")
        raise Unreadable("It is XML, but no MARCXML, the only XML that can be read.")
    sample = beginning.text[:20_000]
    controls = sum(ord(one) < 32 and one not in "\t\r\n\f\v" for one in sample)
    if controls > MOST_CONTROLS * len(sample) + 1:
        said = f"{controls:,} of its first {len(sample):,} characters are control characters, such as NUL"
        raise Unreadable(f"It is no text: {said}. {READABLE} If it is a table all the same, say --format csv.")
