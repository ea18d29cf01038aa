"""Preparing single values: clean, validate, and set them on the record.

A raw value is text from the file, or any JSON value. The field type rejects values of a wrong type.
"""

from __future__ import annotations

import re
from typing import Any

from app.core.fields import Faults, Field, Number, Paragraphs, Url, WholeNumber
from app.transfer.imports.cleaning import dates, isbns, languages, texts, titles

from .builder import RecordBuilder

_url = re.compile(Url.PATTERN)
_whole_number = re.compile(r"([0-9]{1,6})(?:\.0+)?", re.ASCII)
_grouped_number = re.compile(r"[0-9]{1,3}(?:([., '\u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*", re.ASCII)
_pages = re.compile(r"([0-9]{1,6})\s*(?:p|pp|pages|seiten|s|str|pagina's|páginas|pag)\b\.?", re.I | re.ASCII)


def prepare_line(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set a line of text."""
    value = builder.clean_line(field.name, raw) if type(raw) is str else raw
    if value != "":
        builder.values[field.name] = builder.validate(field, value, raw)


def prepare_paragraphs(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set text of several lines, without HTML markup."""
    assert isinstance(field.type, Paragraphs)
    value = raw
    if type(raw) is str:
        if "\r" in raw:
            raw = raw.replace("\r\n", "\n")
        if len(raw) <= field.type.longest and texts.is_clean_paragraphs(raw) and not texts.has_markup(raw):
            builder.values[field.name] = raw
            return
        if texts.has_markup(raw):
            builder.warn("markup", field.name, raw)
            raw = texts.strip_markup(raw)
        value = builder.clean_paragraphs(field.name, raw)
    if value != "":
        builder.values[field.name] = builder.validate(field, value, raw)


def prepare_isbn(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set the first valid ISBN; further ISBNs become identifiers."""
    for item in raw if isinstance(raw, list) else [raw]:
        if type(item) is not str:
            builder.validate(field, item)
            continue
        cleaned = isbns.parse_isbns(item)
        for code in cleaned.warnings:
            if code != "isbn_wrong":
                builder.warn(code, field.name, item)
        for invalid in cleaned.invalid:
            builder.warn("isbn_wrong", field.name, invalid, keep=True)
        for isbn in cleaned.valid:
            if builder.values.setdefault(field.name, isbn) != isbn:
                builder.add_identifier("isbn", isbn)


def prepare_date(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set the certain part of a date."""
    if type(raw) in (int, float):
        raw = str(raw)
    if type(raw) is not str:
        builder.validate(field, raw)
        return
    date = dates.parse_date(raw, of_a_life=field.name != "published")
    if date.warning:
        keep = date.warning != "date_rewritten"
        builder.warn(date.warning, field.name, raw, keep=keep, result=date.value or "")
    if date.value:
        builder.values[field.name] = date.value


def prepare_language(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set a language as BCP 47 tag."""
    if type(raw) is not str:
        builder.validate(field, raw)
        return
    language = languages.parse_language(raw)
    if language.warning:
        builder.warn(language.warning, field.name, raw, keep=True, result=language.value or "")
    if language.value:
        builder.values[field.name] = language.value


def prepare_integer(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set a number of pages: the largest in a text such as "xv, 239 p."."""
    assert isinstance(field.type, WholeNumber)
    if type(raw) is not str:
        is_valid = type(raw) is int and field.type.low <= raw <= field.type.high
        builder.values[field.name] = raw if is_valid else builder.validate(field, raw)
        return
    text = raw.strip()
    if _grouped_number.fullmatch(text):
        text = re.sub("[^0-9]", "", text)
    match = _whole_number.fullmatch(text)
    numbers = [int(match[1])] if match else [int(number) for number in _pages.findall(text)]
    if match and numbers == [0]:  # many programs write 0 for "unknown"
        return
    if numbers and field.type.low <= max(numbers) <= field.type.high:
        builder.values[field.name] = max(numbers)
    elif text:
        builder.warn("number_unreadable", field.name, raw, keep=True)


def prepare_number(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set a position in a series."""
    if type(raw) is not str:
        builder.values[field.name] = builder.validate(field, raw)
        return
    assert isinstance(field.type, Number)
    text = raw.strip()
    number = titles.parse_position(text)
    if number is not None and field.type.low <= number <= field.type.high:
        builder.values[field.name] = number
    elif text:
        builder.warn("number_unreadable", field.name, raw, keep=True)


def prepare_url(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Set an absolute URL."""
    if type(raw) is not str:
        builder.validate(field, raw)
        return
    assert isinstance(field.type, Url)
    if len(raw) <= field.type.longest and _url.match(raw) and texts.is_clean_line(raw):
        builder.values[field.name] = raw
        return
    faults = Faults()
    url = field.type.read(raw, "", faults)
    if not faults:
        builder.values[field.name] = url
    elif raw.strip():
        builder.warn("url_unusable", field.name, raw, keep=True)


def prepare_title(builder: RecordBuilder, _: Field, raw: str) -> None:
    """Set title, series and position from a title with its series in brackets."""
    title = titles.split_series(raw.strip())
    prepare_line(builder, builder.fields["title"], title.title)
    if title.series:
        prepare_line(builder, builder.fields["series"], title.series)
    if title.position:
        prepare_number(builder, builder.fields["series_position"], title.position)
    if title.reduced:
        builder.warn("series_reduced", "title", raw, keep=True)


def prepare_series(builder: RecordBuilder, field: Field, raw: str) -> None:
    """Set a series, and the position after its name if the record has no other."""
    name, position = titles.parse_series(raw)
    prepare_line(builder, field, name)
    if position and "series_position" not in builder.values:
        prepare_number(builder, builder.fields["series_position"], position)
