"""From the query string to a `Query`: what is asked of a resource, in its own terms. Pure; no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from schema import SchemaError

from .cursor import Cursor
from .fields import Filter
from .problems import Fault, InvalidCursor, InvalidQuery, unknown_name
from .values import question
from .values.flaw import flaw_in, reject
from .values.question import Question

if TYPE_CHECKING:
    from .resource import Resource
    from .vocabulary import SearchText

SEARCH = "q"
LIMIT_DEFAULT, LIMIT_MOST, OFFSET_MOST = 20, 100, 10_000
TOTALS = ("exact", "estimated")
RELEVANCE = "relevance"  # what a list is sorted by where something is searched for and no sort is asked for
OF_PAGES = ("limit", "cursor", "offset", "total")
FORMATS = ("ndjson", "csv")  # of a list that is streamed, instead of a page of it
PAGE_PARAMETERS = (*OF_PAGES, "sort", "fields", "format")

_parameter = re.compile(r"([^\[\]]+)(?:\[([^\[\]]*)\])?")
_plain_integer = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Condition:
    """One filter as it was asked: its name, the operator, and the values read by the field's own rules."""

    name: str
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class SortKey:
    """One field to sort by, and the direction."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class Query:
    """What is asked of a list: which rows, in which order, which members of them, which page.

    `scope` is the list's own path, such as ``authors/7/books``. `corrected` is what is searched for instead of what was
    asked, of which nothing was found. `sent` are all parameters in order; `pairs` are those
    of the filters and the sort, which is what a cursor keeps of them.
    """

    scope: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = (SortKey("id"),)
    fields: tuple[str, ...] = ()
    limit: int = LIMIT_DEFAULT
    offset: int = 0
    total: str | None = None
    format: str | None = None
    cursor: Cursor | None = None
    corrected: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    sent: tuple[tuple[str, str], ...] = ()

    def sort_keys(self) -> tuple[SortKey, ...]:
        """The keys that decide the order: those asked for, up to the id, which breaks ties in the last direction."""
        for place, key in enumerate(self.sort):
            if key.name == "id":
                return self.sort[: place + 1]
        return (*self.sort, SortKey("id", self.sort[-1].descending))

    @property
    def question(self) -> Condition | None:
        """What is searched for."""
        return next((condition for condition in self.conditions if condition.name == SEARCH), None)

    @property
    def is_ranked(self) -> bool:
        """Whether the rows come in the order of relevance."""
        return self.sort[0].name == RELEVANCE

    def searching(self, corrected: str) -> Query:
        """The same query, with other words to search for; raises ``SchemaError`` where they are none."""
        assert self.question is not None
        instead = replace(self.question, values=(question.read(corrected),))
        conditions = tuple(instead if one is self.question else one for one in self.conditions)
        return replace(self, conditions=conditions, corrected=corrected)

    def narrowed(self, condition: Condition) -> Query:
        """The same query, with one more condition, which its links do not bear."""
        return replace(self, conditions=(*self.conditions, condition))


def split(query_string: bytes) -> Pairs:
    """The names and values of a query string, percent-decoded; raises `InvalidQuery` where that is no UTF-8."""
    pairs = []
    for part in query_string.split(b"&"):
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        if part:
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    try:
        return [(name.decode(), value.decode()) for name, value in pairs]
    except UnicodeDecodeError:
        detail = "The query is not UTF-8 once it is percent-decoded."
        raise InvalidQuery(detail, [Fault("query", "", "invalid_character", detail)]) from None


def canonical(pairs: Iterable[tuple[str, str]]) -> str:
    """A query string that says the same as `pairs`, with the names in order: one text for one meaning."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe=',:/')}" for name, value in sorted(pairs))


def parse_only(pairs: Pairs, allowed: Sequence[str] = ()) -> dict[str, str]:
    """The parameters of a request that takes only those in `allowed`, each once; raises `InvalidQuery`."""
    reader = _Reader(pairs)
    found = {name: reader.single(name) for name in allowed}
    reader.refuse_rest(allowed)
    reader.finish()
    return {name: value for name, value in found.items() if value is not None}


def parse_fields(resource: Resource, pairs: Pairs) -> tuple[str, ...]:
    """The fields that a request for one record asks for (all of them by default); raises `InvalidQuery`."""
    reader = _Reader(pairs)
    fields = reader.fields(resource)
    reader.refuse_rest(("fields",))
    reader.finish()
    return fields or tuple(resource.fields)


def parse_question(kind: SearchText, usual: int, most: int, pairs: Pairs) -> tuple[Question, int]:
    """What a request for a few best matches asks (`q`), and for how many (`limit`); raises `InvalidQuery`."""
    reader = _Reader(pairs)
    asked = reader.question(kind)
    limit = reader.integer("limit", 1, most)
    reader.refuse_rest((SEARCH, "limit"))
    reader.finish()
    assert asked is not None
    return asked, usual if limit is None else limit


def parse_page(scope: str, pairs: Pairs) -> Query:
    """The `Query` of a list that takes nothing but `limit` and `cursor`.

    Raises `InvalidQuery`, or `InvalidCursor` for one of another list.
    """
    reader = _Reader(pairs)
    limit, word = reader.integer("limit", 1, LIMIT_MOST), reader.single("cursor")
    reader.refuse_rest(("limit", "cursor"))
    reader.finish()
    cursor = Cursor.decode(word) if word is not None else None
    if cursor and cursor.scope != scope:
        raise InvalidCursor.of("mismatch", "This cursor was made for another list.")
    if cursor and limit is None:
        kept = _Reader(cursor.pairs)
        limit = kept.integer("limit", 1, LIMIT_MOST)
        if kept.faults:
            raise InvalidCursor.damaged()
    return Query(scope, limit=limit or LIMIT_DEFAULT, cursor=cursor, sent=tuple(sorted(pairs)))


def parse(resource: Resource, scope: str, pairs: Pairs) -> Query:
    """The `Query` that the pairs of a list's query string ask for.

    Raises `InvalidQuery` with every fault found, or `InvalidCursor`.
    """
    pairs = sorted(pairs)  # in one order: the same question has the same statement, links and ETag
    words = [value for name, value in pairs if name == "cursor"]
    beside = tuple(pair for pair in pairs if pair[0] != "cursor")
    query = _read(resource, scope, beside, _faults_of(words, beside))
    return _resume(resource, query, Cursor.decode(words[0]), tuple(pairs)) if words else query


def refuse_pages(query: Query) -> None:
    """Raise `InvalidQuery` where a list that is wanted whole was asked for by pages."""
    faults = [
        Fault("query", name, "mismatch", f"{name} is of pages; NDJSON and CSV hold all rows at once. Leave it out.")
        for name in OF_PAGES
        if any(sent == name for sent, _ in query.sent)
    ]
    if faults:
        raise InvalidQuery(faults[0].detail, faults)


def _faults_of(words: list[str], beside: tuple[tuple[str, str], ...]) -> tuple[Fault, ...]:
    """What is wrong with the cursors of a query, as long as what they say is not looked at."""
    faults = []
    if len(words) > 1:
        faults.append(Fault("query", "cursor", "repeated", f"cursor was sent {len(words)} times; send it once."))
    if words and any(name == "offset" for name, _ in beside):
        detail = "An offset cannot stand beside a cursor: the cursor says where to go on."
        faults.append(Fault("query", "offset", "mismatch", detail))
    return tuple(faults)


@lru_cache(maxsize=256)
def _read(resource: Resource, scope: str, pairs: tuple[tuple[str, str], ...], faults: tuple[Fault, ...] = ()) -> Query:
    """The query that pairs without a cursor ask for; what was read last is remembered. Raises `InvalidQuery` with the
    `faults` known before and all others.
    """
    reader = _Reader(pairs, faults)
    limit = reader.integer("limit", 1, LIMIT_MOST)
    offset = reader.integer("offset", 0, OFFSET_MOST)
    conditions = reader.conditions(resource)
    usual = RELEVANCE if any(condition.name == SEARCH for condition in conditions) else "id"
    query = Query(
        scope=scope,
        conditions=conditions,
        sort=reader.sort(resource) or (SortKey(usual),),
        fields=reader.fields(resource) or tuple(resource.fields),
        limit=LIMIT_DEFAULT if limit is None else limit,
        offset=offset or 0,
        total=reader.choice("total", TOTALS),
        format=reader.choice("format", FORMATS),
        sent=pairs,
        pairs=tuple(pair for pair in pairs if pair[0] == "sort" or pair[0] not in PAGE_PARAMETERS),
    )
    reader.refuse_rest(PAGE_PARAMETERS, resource.filters)
    reader.finish()
    return query


def _resume(resource: Resource, beside: Query, cursor: Cursor, sent: tuple[tuple[str, str], ...]) -> Query:
    """The query that a cursor was made with, at the cursor's place; `beside` is what stood next to it."""
    if cursor.scope != beside.scope:
        raise InvalidCursor.of("mismatch", "This cursor was made for another list.")
    try:
        query = _read(resource, beside.scope, cursor.pairs)
    except InvalidQuery:
        raise InvalidCursor.damaged() from None
    seen = {name for name, _ in sent}
    if "sort" in seen and beside.sort != query.sort:
        raise InvalidCursor.of("mismatch", "This cursor was made for another sort; leave sort out, or begin again.")
    if not set(beside.conditions) <= set(query.conditions):
        raise InvalidCursor.of("mismatch", "This cursor was made for other filters; leave them out, or begin again.")
    if cursor.corrected:
        try:
            query = query.searching(cursor.corrected)
        except (AssertionError, SchemaError):
            raise InvalidCursor.damaged() from None
    kinds = [resource.kind_of(key.name) for key in query.sort_keys()]
    if len(kinds) != len(cursor.keys) or not all(
        kind.is_key(key) for kind, key in zip(kinds, cursor.keys, strict=True)
    ):
        raise InvalidCursor.damaged()
    return replace(
        query,
        limit=beside.limit if "limit" in seen else query.limit,
        fields=beside.fields if "fields" in seen else query.fields,
        total=beside.total,
        format=beside.format,
        cursor=cursor,
        sent=sent,
    )


class _Reader:
    """Reads parameters one after the other and collects what is wrong with them."""

    def __init__(self, pairs: Iterable[tuple[str, str]], faults: Iterable[Fault] = ()) -> None:
        self.pairs = list(pairs)
        self.seen = {name for name, _ in self.pairs}
        self.faults = list(faults)

    def fault(self, parameter: str, code: str, detail: str) -> None:
        self.faults.append(Fault("query", parameter, code, detail))

    def finish(self) -> None:
        if self.faults:
            raise InvalidQuery(self.faults[0].detail, self.faults)

    def single(self, name: str) -> str | None:
        """The value of a parameter that may stand once."""
        if name not in self.seen:
            return None
        values = [value for found, value in self.pairs if found == name]
        if len(values) > 1:
            self.fault(name, "repeated", f"{name} was sent {len(values)} times; send it once.")
        return values[0]

    def integer(self, name: str, low: int, high: int) -> int | None:
        value = self.single(name)
        if value is None:
            return None
        if not _plain_integer.fullmatch(value):
            self.fault(name, "invalid", f"{name} must be an integer from {low:,} to {high:,}.")
        elif not low <= int(value) <= high:
            hint = " Follow links.next: its cursor goes on from any depth." if name == "offset" else ""
            self.fault(name, "out_of_range", f"{name} must be from {low:,} to {high:,}.{hint}")
        else:
            return int(value)
        return None

    def question(self, kind: SearchText) -> Question | None:
        value = self.single(SEARCH)
        if value is None:
            self.fault(SEARCH, "required", f"{SEARCH} says what to look for, such as {SEARCH}=le guin.")
            return None
        try:
            return _read_value(Filter(SEARCH, kind, kind.operators, ""), "eq", value)
        except SchemaError as error:
            flaw = flaw_in(error)
            self.fault(SEARCH, flaw.code, flaw)
            return None

    def choice(self, name: str, words: Sequence[str]) -> str | None:
        value = self.single(name)
        if value is not None and value not in words:
            self.fault(name, "not_allowed", f"{name} must be one of {', '.join(words)}.")
            return None
        return value

    def names(self, parameter: str, allowed: Iterable[str], noun: str, *, signed: bool = False) -> list[str]:
        """The items of a comma-separated list of names, each once (a ``-`` before them kept where `signed`)."""
        value = self.single(parameter)
        if value is None:
            return []
        items = [item.strip() for item in value.split(",")]
        names = [item.removeprefix("-") if signed else item for item in items]
        for place, name in enumerate(names):
            if name not in allowed:
                self.fault(parameter, "unknown", unknown_name(name, allowed, noun))
            elif name in names[:place]:
                self.fault(parameter, "duplicate", f"{parameter} names {name} twice.")
        return items

    def fields(self, resource: Resource) -> tuple[str, ...]:
        asked = self.names("fields", resource.fields, "field")
        return tuple(name for name in resource.fields if name in asked)

    def sort(self, resource: Resource) -> tuple[SortKey, ...]:
        items = self.names("sort", resource.sorts, "sort key", signed=True)
        return tuple(SortKey(item.removeprefix("-"), item.startswith("-")) for item in items)

    def refuse_rest(self, allowed: Sequence[str], filters: Iterable[str] = ()) -> None:
        """A fault for each parameter that is neither one of `allowed` nor a filter (whose operator is judged when
        it is read).
        """
        names = (*allowed, *filters)
        for parameter in dict.fromkeys(name for name, _ in self.pairs):
            match = _parameter.fullmatch(parameter)
            name = match[1] if match else parameter
            if name not in names:
                self.fault(parameter, "unknown", unknown_name(name, names, "parameter"))
            elif name != parameter and name in allowed:
                self.fault(parameter, "unknown", f"{name} takes no operator.")

    def conditions(self, resource: Resource) -> tuple[Condition, ...]:
        by_parameter: dict[str, list[str]] = {}
        for parameter, value in self.pairs:
            by_parameter.setdefault(parameter, []).append(value)
        found = []
        for parameter, values in by_parameter.items():
            match = _parameter.fullmatch(parameter)
            if match and match[1] in resource.filters:
                condition = self._condition(resource.filters[match[1]], parameter, match[2], values)
                if condition:
                    found.append(condition)
        return tuple(found)

    def _condition(self, filter_: Filter, parameter: str, operator: str | None, texts: list[str]) -> Condition | None:
        equality = "has" if "has" in filter_.operators else "eq"
        if operator is None:
            operator = equality if len(texts) == 1 or "in" not in filter_.operators else "in"
        elif operator == "in" and len(texts) == 1:
            texts = [item.strip() for item in texts[0].split(",")]
        named_equality = parameter.endswith("[eq]")  # which has no name of its own in a query
        if operator not in filter_.operators or named_equality:
            allowed = [name for name in filter_.operators if name != "eq"]
            detail = unknown_name(operator, allowed, f"operator of {filter_.name}")
            plain = f" Equality is written {filter_.name}=value." if equality in filter_.operators else ""
            self.fault(parameter, "unknown", detail + plain)
            return None
        if len(texts) > 1 and operator not in ("in", "has"):
            self.fault(parameter, "repeated", f"{parameter} was sent {len(texts)} times; send it once.")
            return None
        try:
            read = _read_boolean if operator == "null" else partial(_read_value, filter_, operator)
            # In one order: what is one of several is the same in any.
            return Condition(filter_.name, operator, tuple(sorted(set(map(read, texts)), key=repr)))
        except SchemaError as error:
            flaw = flaw_in(error)
            self.fault(parameter, flaw.code, flaw)
            return None


def _read_boolean(value: str) -> bool:
    if value not in ("true", "false"):
        reject("invalid", "null takes true (unknown) or false (known).")
    return value == "true"


def _read_value(filter_: Filter, operator: str, value: str) -> Any:
    if not value.strip():
        hint = f"; for what is unknown ask {filter_.name}[null]=true" if "null" in filter_.operators else ""
        reject("blank", f"{filter_.name} needs a value{hint}.")
    try:
        return filter_.kind.parse(value, operator)
    except SchemaError as error:
        if flaw_in(error).code == "blank":  # what it says is meant for bodies
            reject("blank", f"{filter_.name} needs a value that holds something to read.")
        raise
