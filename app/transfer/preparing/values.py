"""How the values of each kind of field are taken: mended, judged by the rule of the field, put into the draft."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from app.books.contributors import MOST as MOST_CONTRIBUTORS
from app.books.contributors import Contributors
from app.books.schemas import BOOKS
from app.fields import Field
from app.resource import Resource
from app.transfer.mending import dates, isbns, languages, texts, titles
from app.transfer.records import Credit, Flaw
from app.vocabulary import (
    Faults,
    Identifiers,
    Integer,
    Isbn,
    Language,
    Line,
    Lines,
    Number,
    Paragraphs,
    PartialDate,
    Url,
)

from .draft import Draft
from .people import contributor_of

_url = re.compile(Url.PATTERN)
_whole = re.compile(r"([0-9]{1,6})(?:\.0+)?", re.ASCII)
_grouped = re.compile(r"[0-9]{1,3}(?:([., '\u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*", re.ASCII)
_pages = re.compile(r"([0-9]{1,6})\s*(?:p|pp|pages|seiten|s|str|pagina's|páginas|pag)\b\.?", re.I | re.ASCII)


def take_line(draft: Draft, field: Field, raw: Any) -> None:
    value = draft.text(field.name, raw, one_line=True) if type(raw) is str else raw
    if value != "":
        draft.values[field.name] = draft.judge(field, value, raw)


def take_paragraphs(draft: Draft, field: Field, raw: Any) -> None:
    assert isinstance(field.kind, Paragraphs)
    value = raw
    if type(raw) is str:
        if "\r" in raw:
            raw = raw.replace("\r\n", "\n")
        if len(raw) <= field.kind.longest and texts.is_clean_text(raw) and not texts.has_markup(raw):
            draft.values[field.name] = raw
            return
        if texts.has_markup(raw):
            draft.mend("markup", field.name, raw)
            raw = texts.without_markup(raw)
        value = draft.text(field.name, raw, one_line=False)
    if value != "":
        draft.values[field.name] = draft.judge(field, value, raw)


def take_isbn(draft: Draft, field: Field, raw: Any) -> None:
    for one in raw if isinstance(raw, list) else [raw]:
        if type(one) is not str:
            draft.judge(field, one)
            continue
        found = isbns.read(one)
        for kind in found.kinds:
            if kind != "isbn_wrong":
                draft.mend(kind, field.name, one)
        for wrong in found.wrong:
            draft.mend("isbn_wrong", field.name, wrong, keep=True)
        for isbn in found.right:
            if draft.values.setdefault(field.name, isbn) != isbn:
                draft.identify("isbn", isbn)


def take_date(draft: Draft, field: Field, raw: Any) -> None:
    if type(raw) is not str:
        raw = str(raw) if type(raw) in (int, float) else raw
    if type(raw) is not str:
        draft.judge(field, raw)
        return
    date = dates.read(raw, of_a_life=field.name != "published")
    if date.kind:
        draft.mend(date.kind, field.name, raw, keep=date.kind != "date_rewritten")
    if date.value:
        draft.values[field.name] = date.value


def take_language(draft: Draft, field: Field, raw: Any) -> None:
    if type(raw) is not str:
        draft.judge(field, raw)
        return
    found = languages.read(raw)
    if found.kind:
        draft.mend(found.kind, field.name, raw, keep=True)
    if found.value:
        draft.values[field.name] = found.value


def take_integer(draft: Draft, field: Field, raw: Any) -> None:
    assert isinstance(field.kind, Integer)
    if type(raw) is not str:
        within = type(raw) is int and field.kind.low <= raw <= field.kind.high
        draft.values[field.name] = raw if within else draft.judge(field, raw)
        return
    text = raw.strip()
    if _grouped.fullmatch(text):
        text = re.sub("[^0-9]", "", text)
    match = _whole.fullmatch(text)
    counts = [int(match[1])] if match else [int(number) for number in _pages.findall(text)]
    if match and counts == [0]:  # what many programs write for nothing
        return
    if counts and field.kind.low <= max(counts) <= field.kind.high:
        draft.values[field.name] = max(counts)
    elif text:
        draft.mend("number_unreadable", field.name, raw, keep=True)


def take_number(draft: Draft, field: Field, raw: Any) -> None:
    if type(raw) is not str:
        draft.values[field.name] = draft.judge(field, raw)
        return
    assert isinstance(field.kind, Number)
    text = raw.strip()
    number = titles.place(text)
    if number is not None and field.kind.low <= number <= field.kind.high:
        draft.values[field.name] = number
    elif text:
        draft.mend("number_unreadable", field.name, raw, keep=True)


def take_url(draft: Draft, field: Field, raw: Any) -> None:
    if type(raw) is not str:
        draft.judge(field, raw)
        return
    assert isinstance(field.kind, Url)
    if len(raw) <= field.kind.longest and _url.match(raw) and texts.is_clean(raw):
        draft.values[field.name] = raw
        return
    faults = Faults()
    address = field.kind.read(raw, "", faults)
    if not faults:
        draft.values[field.name] = address
    elif raw.strip():
        draft.mend("url_unusable", field.name, raw, keep=True)


def take_lines(draft: Draft, field: Field, raw: Any) -> None:
    assert isinstance(field.kind, Lines)
    if not isinstance(raw, list):
        draft.judge(field, raw)
        return
    clean = are_lines(raw, field.kind)
    found = raw if clean else [read for item in raw if (read := _read_item(draft, field, item)) is not None]
    distinct = list(dict.fromkeys(found))
    if len(distinct) < len(found):
        draft.mend("duplicate", field.name, f"{len(found) - len(distinct)} of {len(found)}")
    if len(distinct) > field.kind.most:
        draft.mend("items_left_out", field.name, f"{len(distinct) - field.kind.most} of {len(distinct)}")
        del distinct[field.kind.most :]
    if distinct:
        draft.values[field.name] = distinct


def are_lines(values: list[Any], kind: Lines) -> bool:
    """Whether values are certainly lines of a list in stored form, but perhaps not distinct: a quick look."""
    longest = kind.item.longest
    for value in values:
        if not (type(value) is str and len(value) <= longest and texts.is_clean(value)):
            return False
    return len(values) <= kind.most


def _read_item(draft: Draft, field: Field, item: Any) -> str | None:
    """One item of a list as it is stored; None for an empty one, or one that is wrong or too long."""
    assert isinstance(field.kind, Lines)
    text = draft.text(field.name, item, one_line=True) if type(item) is str else item
    if text == "":
        return None
    if type(text) is str and len(text) > field.kind.item.longest:
        draft.mend("items_left_out", field.name, text)
        return None
    faults = Faults()
    read = field.kind.item.read(text, f"/{field.name}", faults)
    for fault in faults:
        draft.flaw(field.name, item, fault.detail)
    return None if faults else str(read)


def take_identifiers(draft: Draft, field: Field, raw: Any) -> None:
    if not isinstance(raw, dict):
        draft.judge(field, raw)
        return
    for scheme, values in raw.items():
        for value in values if isinstance(values, list) else [] if values is None else [values]:
            if scheme == "isbn" and isinstance(value, str):
                found = isbns.read(value)
                for isbn in found.right:
                    draft.identify("isbn", isbn)
                for wrong in found.wrong:
                    draft.mend("isbn_wrong", "isbn", wrong, keep=True)
            elif type(value) is str:
                text = value if value.isalnum() and value.isascii() else draft.text(field.name, value, one_line=True)
                if len(text) > Identifiers.value.longest:
                    draft.mend("items_left_out", f"{field.name}.{scheme}", text)
                elif text:
                    draft.identify(scheme, text)
            else:
                draft.identify(scheme, value)


def take_contributors(draft: Draft, field: Field, raw: Any) -> None:
    if not isinstance(raw, list | tuple):
        draft.judge(field, raw)
        return
    seen = set()
    for credit in raw:
        if type(credit) is not Credit:
            draft.judge(field, raw)
            if not draft.flaws:
                draft.flaw(field.name, raw, "An author is named by `name` here: ids are of another catalog.")
            return
        contributor, mends, flaw = contributor_of(credit)
        if mends:
            draft.mends.extend(mends)
        if flaw:
            draft.flaws.append(flaw)
        if contributor is None:
            continue
        who = (contributor.key or contributor.name, contributor.role)
        if who in seen:
            draft.mend("duplicate", field.name, contributor.name or str(contributor.key))
        else:
            seen.add(who)
            draft.contributors.append(contributor)
    if len(draft.contributors) > MOST_CONTRIBUTORS:
        count = len(draft.contributors)
        draft.flaw(field.name, None, f"This has {count:,} contributors; {MOST_CONTRIBUTORS} are allowed.")


# ---- values that are more than one field


def take_title(draft: Draft, _: Field, raw: str) -> None:
    title = titles.with_series(raw.strip())
    take_line(draft, draft.fields["title"], title.title)
    if title.series:
        take_line(draft, draft.fields["series"], title.series)
    if title.place:
        take_number(draft, draft.fields["series_position"], title.place)
    if title.reduced:
        draft.mend("series_reduced", "title", raw, keep=True)


def take_series(draft: Draft, field: Field, raw: str) -> None:
    """A series behind whose name its place may stand."""
    name, place = titles.series(raw)
    take_line(draft, field, name)
    if place and "series_position" not in draft.values:
        take_number(draft, draft.fields["series_position"], place)


def take_person(draft: Draft, _: Field, credit: Credit) -> None:
    """An author's own name: turned if it is filed, with the dates that it bears."""
    contributor, mends, flaw = contributor_of(credit)
    draft.mends.extend(mend for mend in mends if mend.kind != "no_person")
    draft.nobody = any(mend.kind == "no_person" for mend in mends)
    if flaw:
        draft.flaws.append(Flaw("name", flaw.value, flaw.reason))
    if contributor is None or contributor.name is None:
        return
    draft.values["name"] = contributor.name
    for name in ("sort_name", "birth_date", "death_date"):
        value = getattr(contributor, name)
        if value:
            draft.values.setdefault(name, value)
    if contributor.alternate_names:
        draft.values["alternate_names"] = list(contributor.alternate_names)


Take = Callable[[Draft, Field, Any], None]
_TAKES: dict[type, Take] = {
    Line: take_line,
    Paragraphs: take_paragraphs,
    Isbn: take_isbn,
    PartialDate: take_date,
    Language: take_language,
    Integer: take_integer,
    Number: take_number,
    Url: take_url,
    Lines: take_lines,
    Identifiers: take_identifiers,
    Contributors: take_contributors,
}


@lru_cache
def rules_of(resource: Resource) -> tuple[dict[str, Field], dict[str, int], dict[str, tuple[Take, Field]]]:
    """The writable fields of a resource; of those that are lines, how long they may be; how the values of each name
    that a row may have are taken.
    """
    fields = {name: field for name, field in resource.fields.items() if not field.read_only}
    lines = {name: field.kind.longest for name, field in fields.items() if type(field.kind) is Line}
    rules = {name: (_TAKES[type(field.kind)], field) for name, field in fields.items()}
    if resource is BOOKS:
        rules["title_with_series"] = (take_title, fields["title"])
        rules["series_with_place"] = (take_series, fields["series"])
    else:
        rules["person"] = (take_person, fields["name"])
    return fields, lines, rules
