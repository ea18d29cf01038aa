"""From a row to its outcome: every value mended, judged by the rule of its field, and put together.

A value that a quick look proves to be in stored form is taken as it stands; every other goes through the field's own
`Kind.read`, as a body of the API does. So nothing passes here that the API would refuse.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from schema import SchemaError

from app import validation
from app.authors.schemas import AUTHORS
from app.books.contributors import MOST as MOST_CONTRIBUTORS
from app.books.contributors import Contributors
from app.books.schemas import BOOKS
from app.fields import Field
from app.resource import Resource
from app.values.text import showable
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
    Timestamp,
    Url,
)

from .mending import dates, isbns, languages, names, roles, texts, titles
from .records import DIGEST, Contributor, Credit, Flaw, Key, Kind, Mend, Outcome, Prepared, Rejected, Row, Skipped

LONGEST_SHOWN = 200  # characters of a value that a warning or a flaw repeats
RESOURCES: dict[Kind, Resource] = {"books": BOOKS, "authors": AUTHORS}

_url = re.compile(Url.PATTERN)
_whole = re.compile(r"([0-9]{1,6})(?:\.0+)?", re.ASCII)
_grouped = re.compile(r"[0-9]{1,3}(?:[, ][0-9]{3})+", re.ASCII)
_pages = re.compile(r"([0-9]{1,6})\s*(?:p|pp|pages|seiten|s|str|pagina's|páginas|pag)\b\.?", re.I | re.ASCII)
_written_number = re.compile(r"[0-9]{1,6}(?:\.[0-9]+)?", re.ASCII)
_digest = re.compile("[0-9a-f]{32}")
_decimal = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?", re.ASCII)


class Preparing:
    """Makes outcomes of the rows of one file; `source` is the name under which records without any id are known."""

    def __init__(self, source: str) -> None:
        self.source = source.encode()

    def __call__(self, row: Row) -> Outcome:
        """The outcome of a row. Raises nothing, whatever the row holds."""
        draft = _Draft(RESOURCES[row.kind])
        lines, values = draft.lines, draft.values
        for name, raw in row.fields.items():
            # The way of nearly all values: a line of text that needs nothing.
            if name in lines and type(raw) is str and len(raw) <= lines[name] and texts.is_clean(raw):
                values[name] = raw
                continue
            if row.own and draft.take_own(name, raw):
                continue
            rule = draft.rules.get(name)
            if rule is None:
                draft.mend("unknown_member", name, raw)
            else:
                rule[0](draft, rule[1], raw)
        if draft.nobody:
            return Skipped(row.place, "no person", row.rows)
        if row.key:
            draft.identify(row.key.scheme, row.key.value)
        draft.finish(adds=row.adds)
        if draft.flaws:
            return Rejected(row.place, row.original, draft.flaws, row.rows)
        digest = "" if row.key or draft.values.get("isbn") else draft.digest or self._digest(row.original)
        return Prepared(
            row.place,
            row.kind,
            draft.values,
            row.original,
            row.key,
            digest,
            draft.contributors,
            draft.mends,
            row.adds,
            {},
            row.rows,
            row.own,
        )

    def _digest(self, original: Any) -> str:
        content = original if isinstance(original, bytes) else str(original).encode("utf-8", "surrogatepass")
        return blake2b(content, digest_size=16, key=self.source[:64]).hexdigest()


class _Draft:
    """A record that is being made."""

    __slots__ = ("contributors", "fields", "flaws", "identifiers", "lines", "mends", "nobody", "rules", "values")

    def __init__(self, resource: Resource) -> None:
        self.fields, self.lines, self.rules = _rules_of(resource)
        self.values: dict[str, Any] = {}
        self.identifiers: dict[str, list[Any]] = {}
        self.contributors: list[Contributor] = []
        self.mends: list[Mend] = []
        self.flaws: list[Flaw] = []
        self.nobody = False

    def mend(self, kind: str, field: str, original: Any, *, keep: bool = False) -> None:
        """Note a warning; with `keep`, `identifiers` keep what stood there, too."""
        text = original if isinstance(original, str) else repr(original)
        self.mends.append(Mend(kind, field, _shortened(text)))
        if keep:
            kept = " ".join(showable(texts.mended(text)[0], LONGEST_SHOWN).split())
            if kept:
                self.identify(f"original.{field}", kept)

    def identify(self, scheme: str, value: Any) -> None:
        values = self.identifiers.setdefault(scheme, [])
        if value not in values:
            values.append(value)

    def judge(self, field: Field, value: Any, raw: Any = None) -> Any:
        """The value by the field's own rule; what is wrong with it becomes flaws."""
        faults = Faults()
        read = field.kind.read(value, f"/{field.name}", faults)
        for fault in faults:
            self.flaw(fault.name[1:], value if raw is None else raw, fault.detail)
        return read if not faults else field.kind.empty

    def flaw(self, field: str, value: Any, reason: str) -> None:
        text = value if isinstance(value, str) else "" if value is None else repr(value)
        self.flaws.append(Flaw(field, showable(text, LONGEST_SHOWN), str(reason)))

    def text(self, field: str, raw: str, *, one_line: bool) -> str:
        """Text mended, each kind of mend noted; "" if nothing is left of it."""
        value, kinds = texts.mended(raw)
        for kind in kinds:
            self.mend(kind, field, raw)
        if one_line and texts.has_runs(value):
            self.mend("spaces", field, raw)
            value = " ".join(value.split())
        return value if texts.shows(value) else ""

    def finish(self, *, adds: bool) -> None:
        """What concerns the record as a whole: identifiers, and the fields that are required."""
        if self.identifiers:
            if not all(map(_plain_identifiers, self.identifiers.items())):
                self.identifiers = self.judge(self.fields["identifiers"], self.identifiers)
            self.values["identifiers"] = self.identifiers
        if adds:
            return
        for field in self.fields.values():
            if field.required and field.name not in self.values and not any(f.field == field.name for f in self.flaws):
                self.flaw(field.name, None, f"{field.name} is required, and there is none.")

    @property
    def digest(self) -> str:
        """The digest by which the record was known when it was exported; "" where it has none."""
        return next((value for value in self.identifiers.get(DIGEST, ()) if _digest.fullmatch(value)), "")

    def take_own(self, name: str, raw: Any) -> bool:
        """Take a value of our own export, if it is in stored form; else (somebody edited it) it is one as any other."""
        if name in ("authors", "person"):
            return self._take_own_people(name, raw)
        field, value = self.fields[name], raw[0] if name == "isbn" else raw
        if isinstance(field.kind, Integer | Number) and _written_number.fullmatch(raw):
            value = float(raw) if "." in raw else int(raw)
        faults = Faults()
        read = field.kind.read(value, "", faults)
        if faults or (isinstance(raw, str) and read != value):
            return False
        if name == "identifiers":
            self.identifiers |= read
        else:
            self.values[name] = read
        return True

    def _take_own_people(self, name: str, raw: Any) -> bool:
        faults = Faults()
        credits = raw if name == "authors" else [raw]
        names = [(_name_rule.read(one.name, "", faults), one) for one in credits]
        if faults or any(read != one.name for read, one in names):
            return False
        if name == "person":
            self.values["name"] = raw.name
            if raw.sort_name and not self.take_own("sort_name", raw.sort_name):
                self._take_line(self.fields["sort_name"], raw.sort_name)
            return True
        if len(credits) > MOST_CONTRIBUTORS:
            return False
        found: dict[int, Contributor] = {}
        for nth, places in enumerate(_layers(credits)):
            sent = [
                {name: getattr(credits[place], name) for name in ("name", "role", "credited_as")} for place in places
            ]
            read = self.fields["authors"].kind.read(sent, "", faults)
            if faults:
                return False
            for place, one in zip(places, read, strict=True):
                found[place] = Contributor(one.name, one.role, None, one.credited_as, nth=nth)
        self.contributors = [found[place] for place in range(len(credits))]
        return True

    # ---- one method for each kind of value

    def _take_line(self, field: Field, raw: Any) -> None:
        value = self.text(field.name, raw, one_line=True) if type(raw) is str else raw
        if value != "":
            self.values[field.name] = self.judge(field, value, raw)

    def _take_paragraphs(self, field: Field, raw: Any) -> None:
        assert isinstance(field.kind, Paragraphs)
        value = raw
        if type(raw) is str:
            if "\r" in raw:
                raw = raw.replace("\r\n", "\n")
            if len(raw) <= field.kind.longest and texts.is_clean_text(raw):
                self.values[field.name] = raw
                return
            value = self.text(field.name, raw, one_line=False)
        if value != "":
            self.values[field.name] = self.judge(field, value, raw)

    def _take_isbn(self, field: Field, raw: Any) -> None:
        for one in raw if isinstance(raw, list) else [raw]:
            if type(one) is not str:
                self.judge(field, one)
                continue
            found = isbns.read(one)
            for kind in found.kinds:
                if kind != "isbn_wrong":
                    self.mend(kind, field.name, one)
            for wrong in found.wrong:
                self.mend("isbn_wrong", field.name, wrong, keep=True)
            for isbn in found.right:
                if self.values.setdefault(field.name, isbn) != isbn:
                    self.identify("isbn", isbn)

    def _take_date(self, field: Field, raw: Any) -> None:
        if type(raw) is not str:
            raw = str(raw) if type(raw) in (int, float) else raw
        if type(raw) is not str:
            self.judge(field, raw)
            return
        date = dates.read(raw)
        if date.kind:
            self.mend(date.kind, field.name, raw, keep=date.kind != "date_rewritten")
        if date.value:
            self.values[field.name] = date.value

    def _take_language(self, field: Field, raw: Any) -> None:
        if type(raw) is not str:
            self.judge(field, raw)
            return
        found = languages.read(raw)
        if found.kind:
            self.mend(found.kind, field.name, raw, keep=True)
        if found.value:
            self.values[field.name] = found.value

    def _take_integer(self, field: Field, raw: Any) -> None:
        assert isinstance(field.kind, Integer)
        if type(raw) is not str:
            within = type(raw) is int and field.kind.low <= raw <= field.kind.high
            self.values[field.name] = raw if within else self.judge(field, raw)
            return
        text = raw.strip()
        if _grouped.fullmatch(text):
            text = re.sub("[, ]", "", text)
        match = _whole.fullmatch(text)
        counts = [int(match[1])] if match else [int(number) for number in _pages.findall(text)]
        if match and counts == [0]:  # what many programs write for nothing
            return
        if counts and field.kind.low <= max(counts) <= field.kind.high:
            self.values[field.name] = max(counts)
        elif text:
            self.mend("number_unreadable", field.name, raw, keep=True)

    def _take_number(self, field: Field, raw: Any) -> None:
        if type(raw) is not str:
            self.values[field.name] = self.judge(field, raw)
            return
        assert isinstance(field.kind, Number)
        text = raw.strip()
        number = float(text.replace(",", ".")) if _decimal.fullmatch(text) else None
        if number is not None and field.kind.low <= number <= field.kind.high:
            self.values[field.name] = number
        elif text:
            self.mend("number_unreadable", field.name, raw, keep=True)

    def _take_url(self, field: Field, raw: Any) -> None:
        if type(raw) is not str:
            self.judge(field, raw)
            return
        assert isinstance(field.kind, Url)
        if len(raw) <= field.kind.longest and _url.match(raw) and texts.is_clean(raw):
            self.values[field.name] = raw
            return
        faults = Faults()
        address = field.kind.read(raw, "", faults)
        if not faults:
            self.values[field.name] = address
        elif raw.strip():
            self.mend("url_unusable", field.name, raw, keep=True)

    def _take_lines(self, field: Field, raw: Any) -> None:
        assert isinstance(field.kind, Lines)
        if not isinstance(raw, list):
            self.judge(field, raw)
            return
        longest, clean = field.kind.item.longest, len(raw) <= field.kind.most
        for item in raw:
            if not (type(item) is str and len(item) <= longest and texts.is_clean(item)):
                clean = False
                break
        found = raw if clean else [read for item in raw if (read := self._read_item(field, item)) is not None]
        distinct = list(dict.fromkeys(found))
        if len(distinct) < len(found):
            self.mend("duplicate", field.name, f"{len(found) - len(distinct)} of {len(found)}")
        if len(distinct) > field.kind.most:
            self.mend("items_left_out", field.name, f"{len(distinct) - field.kind.most} of {len(distinct)}")
            del distinct[field.kind.most :]
        if distinct:
            self.values[field.name] = distinct

    def _read_item(self, field: Field, item: Any) -> str | None:
        """One item of a list as it is stored; None for an empty one, or one that is wrong or too long."""
        assert isinstance(field.kind, Lines)
        text = self.text(field.name, item, one_line=True) if type(item) is str else item
        if text == "":
            return None
        if type(text) is str and len(text) > field.kind.item.longest:
            self.mend("items_left_out", field.name, text)
            return None
        faults = Faults()
        read = field.kind.item.read(text, f"/{field.name}", faults)
        for fault in faults:
            self.flaw(field.name, item, fault.detail)
        return None if faults else str(read)

    def _take_identifiers(self, field: Field, raw: Any) -> None:
        if not isinstance(raw, dict):
            self.judge(field, raw)
            return
        for scheme, values in raw.items():
            for value in values if isinstance(values, list) else [] if values is None else [values]:
                if scheme == "isbn" and isinstance(value, str):
                    found = isbns.read(value)
                    for isbn in found.right:
                        self.identify("isbn", isbn)
                    for wrong in found.wrong:
                        self.mend("isbn_wrong", "isbn", wrong, keep=True)
                elif type(value) is str:
                    text = value if value.isalnum() and value.isascii() else self.text(field.name, value, one_line=True)
                    if len(text) > Identifiers.value.longest:
                        self.mend("items_left_out", f"{field.name}.{scheme}", text)
                    elif text:
                        self.identify(scheme, text)
                else:
                    self.identify(scheme, value)

    def _take_contributors(self, field: Field, raw: Any) -> None:
        if not isinstance(raw, list | tuple):
            self.judge(field, raw)
            return
        seen = set()
        for credit in raw:
            if type(credit) is not Credit:
                self.judge(field, raw)
                if not self.flaws:
                    self.flaw(field.name, raw, "An author is named by `name` here: ids are of another catalog.")
                return
            contributor, mends, flaw = _contributor(credit)
            if mends:
                self.mends.extend(mends)
            if flaw:
                self.flaws.append(flaw)
            if contributor is None:
                continue
            who = (contributor.key or contributor.name, contributor.role)
            if who in seen:
                self.mend("duplicate", field.name, contributor.name or str(contributor.key))
            else:
                seen.add(who)
                self.contributors.append(contributor)
        if len(self.contributors) > MOST_CONTRIBUTORS:
            count = len(self.contributors)
            self.flaw(field.name, None, f"This has {count:,} contributors; {MOST_CONTRIBUTORS} are allowed.")

    # ---- values that are more than one field

    def _take_title(self, _: Field, raw: str) -> None:
        title = titles.with_series(raw.strip())
        self._take_line(self.fields["title"], title.title)
        if title.series:
            self._take_line(self.fields["series"], title.series)
        if title.place:
            self._take_number(self.fields["series_position"], title.place)
        if title.reduced:
            self.mend("series_reduced", "title", raw, keep=True)

    def _take_person(self, _: Field, credit: Credit) -> None:
        """An author's own name: turned if it is filed, with the dates that it bears."""
        contributor, mends, flaw = _contributor(credit)
        self.mends.extend(mend for mend in mends if mend.kind != "no_person")
        self.nobody = any(mend.kind == "no_person" for mend in mends)
        if flaw:
            self.flaws.append(Flaw("name", flaw.value, flaw.reason))
        if contributor is None or contributor.name is None:
            return
        self.values["name"] = contributor.name
        for name in ("sort_name", "birth_date", "death_date"):
            value = getattr(contributor, name)
            if value:
                self.values.setdefault(name, value)
        if contributor.alternate_names:
            self.values["alternate_names"] = list(contributor.alternate_names)


def _layers(credits: Sequence[Credit]) -> list[list[int]]:
    """The places of credits in layers: who stands twice in a role is two people of one name, in two layers."""
    layers: list[list[int]] = []
    namesakes: Counter[tuple[str | None, str | None]] = Counter()
    for place, one in enumerate(credits):
        nth = namesakes[one.name, one.role]
        namesakes[one.name, one.role] += 1
        if nth == len(layers):
            layers.append([])
        layers[nth].append(place)
    return layers


_Take = Callable[[_Draft, Field, Any], None]
_TAKES: dict[type, _Take] = {
    Line: _Draft._take_line,
    Paragraphs: _Draft._take_paragraphs,
    Isbn: _Draft._take_isbn,
    PartialDate: _Draft._take_date,
    Language: _Draft._take_language,
    Integer: _Draft._take_integer,
    Number: _Draft._take_number,
    Url: _Draft._take_url,
    Lines: _Draft._take_lines,
    Identifiers: _Draft._take_identifiers,
    Contributors: _Draft._take_contributors,
}


@lru_cache
def _rules_of(resource: Resource) -> tuple[dict[str, Field], dict[str, int], dict[str, tuple[_Take, Field]]]:
    """The writable fields of a resource; of those that are lines, how long they may be; how the values of each name
    that a row may have are taken.
    """
    fields = {name: field for name, field in resource.fields.items() if not field.read_only}
    lines = {name: field.kind.longest for name, field in fields.items() if type(field.kind) is Line}
    rules = {name: (_TAKES[type(field.kind)], field) for name, field in fields.items()}
    if resource is BOOKS:
        rules["title_with_series"] = (_Draft._take_title, fields["title"])
    else:
        rules["person"] = (_Draft._take_person, fields["name"])
    return fields, lines, rules


_name_rule = Line()


@lru_cache(maxsize=1 << 16)
def _contributor(credit: Credit) -> tuple[Contributor | None, list[Mend], Flaw | None]:
    """The contributor of a credit, or None if it is nobody's; the mends, and what is wrong with the name."""
    name, role, key, filed, credited_as, sort_name, life = credit
    mends: list[Mend] = []
    catalog_role = "author"
    if role:
        found = roles.of(role)
        if found == "":
            return None, [Mend("no_contributor", "authors", f"{name} ({role})")], None
        if found is None:
            mends.append(Mend("role_unknown", "authors", showable(role, LONGEST_SHOWN)))
        catalog_role = found or "contributor"
    if name is None:
        return Contributor(None, catalog_role, key, credited_as), mends, None
    if not (filed or credited_as or sort_name or life) and len(name) <= _name_rule.longest and texts.is_clean(name):
        if names.is_nobody(name):
            return None, [*mends, Mend("no_person", "authors", _shortened(name))], None
        return Contributor(name, catalog_role, key), mends, None
    text, kinds = texts.mended(name)
    mends += [Mend(kind, "authors", showable(name, LONGEST_SHOWN)) for kind in kinds]
    text = " ".join(text.split())
    if names.is_nobody(text) or not texts.shows(text):
        return None, [*mends, Mend("no_person", "authors", showable(name, LONGEST_SHOWN))], None
    person = names.filed(text) if filed else names.Person(text)
    born, died = dates.lifetime(life) if life else (person.birth_date, person.death_date)
    faults = Faults()
    kind = _name_rule
    checked = kind.read(person.name, "/authors", faults)
    sorted_as = kind.read(sort_name or person.sort_name, "/authors", faults) if sort_name or person.sort_name else None
    credited = kind.read(credited_as, "/authors", faults) if credited_as else None
    if faults:
        return None, mends, Flaw("authors", showable(name, LONGEST_SHOWN), str(faults[0].detail))
    made = Contributor(
        checked,
        catalog_role,
        key,
        credited,
        sorted_as,
        born,
        died,
        tuple(kind.read(other, "/authors", faults) for other in person.alternate_names),
    )
    return made, mends, None


def _plain_identifiers(item: tuple[str, list[Any]]) -> bool:
    """Whether a scheme and its values are in stored form, by a quick look; ISBNs have been read before."""
    scheme, values = item
    if len(values) > Identifiers.MOST or not _is_scheme(scheme):
        return False
    for value in values:
        if type(value) is not str or len(value) > Identifiers.value.longest:
            return False
        if not (value.isalnum() and value.isascii()) and not texts.is_clean(value):
            return False
    return True


@lru_cache(maxsize=1 << 10)
def _is_scheme(scheme: str) -> bool:
    return Identifiers.SCHEME.fullmatch(scheme) is not None


def _shortened(text: str) -> str:
    """A value that a warning repeats, fit to be shown."""
    return text if len(text) <= LONGEST_SHOWN and text.isprintable() else showable(text, LONGEST_SHOWN)


class Restoring:
    """Makes outcomes of our own records that are to be exactly what they were: nothing is mended.

    `values` are whole, and contributors have the key ``Key("id", …)``: the author's id in the catalog.
    """

    def __call__(self, row: Row) -> Outcome:
        """The outcome of a row whose fields are a whole representation, ids and timestamps among them."""
        faults = Faults()
        resource = RESOURCES[row.kind]
        restored = {name: self._read(resource, name, row.fields.get(name), faults) for name in _SET_BY_SERVICE}
        body = {name: value for name, value in row.fields.items() if name not in _SET_BY_SERVICE}
        values = validation.created(resource, body, "", faults)
        contributors = []
        authors = body.get("authors")
        named = authors if isinstance(authors, list) else []
        for sent, read in zip(named, values.pop("authors", ()), strict=False):
            if read.id is None:
                faults.add("/authors", "required", "A record that is restored names its authors by id.")
            else:
                contributors.append(Contributor(sent.get("name"), read.role, Key("id", str(read.id)), read.credited_as))
        if faults:
            flaws = [Flaw(fault.name[1:], _shown(row.fields, fault.name), str(fault.detail)) for fault in faults]
            return Rejected(row.place, row.original, flaws, row.rows)
        return Prepared(
            row.place, row.kind, values, row.original, contributors=contributors, restored=restored, rows=row.rows
        )

    def _read(self, resource: Resource, name: str, value: Any, faults: Faults) -> Any:
        kind = resource.fields[name].kind
        if value is None:
            faults.add(f"/{name}", "required", f"{name} is required: without it the record cannot be restored.")
            return None
        if isinstance(kind, Timestamp):
            try:
                if isinstance(value, str) and kind.parse(value, "eq"):
                    return value
            except SchemaError:
                pass
            faults.add(f"/{name}", "invalid", "This must be a timestamp (RFC 3339).")
            return None
        return kind.read(value, f"/{name}", faults)


_SET_BY_SERVICE = ("id", "created_at", "updated_at")


def _shown(fields: dict[str, Any], pointer: str) -> str:
    value = fields.get(pointer[1:].partition("/")[0])
    return showable(value if isinstance(value, str) else "" if value is None else repr(value), LONGEST_SHOWN)
