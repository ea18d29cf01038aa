"""The kinds of values that fields hold: how each is read from JSON and from a query, and how it is documented.

A kind says three things, each once: its rule (a ``schema.Schema``), its JSON Schema facets, and the filter
operators it takes. What it means in SQL follows from `order` and the operator, in ``statements``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from schema import And, Schema, SchemaError, Use

from app.values import isbn, language, partial_date, text
from app.values.flaw import flaw_in, reject

from .problems import Fault

Json = Any
Rule = Callable[[Any], Any]

EQUALITY = ("eq", "ne", "in")
ORDER = ("lt", "lte", "gt", "gte")
LIKENESS = ("contains", "starts")

BIGINT_MAX = 2**63 - 1


class Faults(list[Fault]):
    """The faults found in one body so far."""

    def add(self, pointer: str, code: str, detail: str) -> None:
        self.append(Fault("body", pointer, code, detail))


def _of_type(wanted: type | tuple[type, ...], noun: str) -> Rule:
    def check(value: Json) -> Json:
        if not isinstance(value, wanted) or isinstance(value, bool):
            reject("type", f"This must be {noun}, not {json_type(value)}.")
        return value

    return check


def _at_most(limit: int) -> Rule:
    def check(value: str) -> str:
        if len(value) > limit:
            reject("too_long", f"This has {len(value):,} characters; {limit:,} are allowed.")
        return value

    return check


def _between(low: float, high: float) -> Rule:
    def check(value: float) -> float:
        if not low <= value <= high:
            reject("out_of_range", f"This must be from {low:,} to {high:,}.")
        return value

    return check


def _up_to(most: int) -> str:
    """A pattern of the integers from 1 to `most` (more than 9), written plainly."""
    digits = str(most)
    as_long = "|".join(
        f"{digits[:place]}[{'1' if place == 0 else '0'}-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if int(digit) > (1 if place == 0 else 0)
    )
    return f"(?:[1-9][0-9]{{0,{len(digits) - 2}}}|{as_long}|{digits})"


def json_type(value: Json) -> str:
    """What JSON calls the type of a parsed value, for errors."""
    names = {type(None): "null", bool: "a boolean", str: "a string", list: "an array", dict: "an object"}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "an integer" if isinstance(value, int) else "a number with a fraction or exponent"
    return names[type(value)]


class Kind:
    """A kind of value. `empty` stands for what is unknown; a query's text is read by the same rule as a body's."""

    operators: tuple[str, ...] = EQUALITY
    order: str | None = None  # how values are ordered: "text", "date", "number", "timestamp"; None: not at all
    empty: Json = None
    width: int = 1  # how many values a filter's value is bound as
    rule: Schema

    def read(self, value: Json, pointer: str, faults: Faults) -> Json:
        """The value as stored, from a parsed JSON value; what is wrong with it goes to `faults`."""
        try:
            return self.rule.validate(value)
        except SchemaError as error:
            flaw = flaw_in(error)
            faults.add(pointer, flaw.code, flaw)
            return self.empty

    def parse(self, value: str, operator: str) -> Any:
        """The value that a filter compares with, from a query's text; raises ``SchemaError``."""
        return self.rule.validate(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        """The facets of JSON Schema 2020-12, of what may be sent or of what is answered."""
        raise LookupError(type(self))

    def query_schema(self, operator: str) -> dict[str, Any]:
        """The facets of a filter's value; for `in`, of each one between the commas."""
        return self.json_schema(sent=True)

    def answered(self, example: Json) -> Json:
        """An example of the field as it is answered, from one as it is sent."""
        return example


class Line(Kind):
    """One line of text of at most `longest` code points, as stored."""

    operators = (*EQUALITY, *LIKENESS)
    order = "text"

    def __init__(self, longest: int = 1000, normalize: Rule = text.line) -> None:
        self.longest = longest
        self.rule = Schema(And(Use(_of_type(str, "a string")), Use(normalize), Use(_at_most(longest))))

    def parse(self, value: str, operator: str) -> str:
        return text.fragment(value) if operator in LIKENESS else self.rule.validate(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest, "pattern": text.PATTERN}

    def query_schema(self, operator: str) -> dict[str, Any]:
        if operator in LIKENESS:
            return {"type": "string", "minLength": 1, "pattern": text.PATTERN}
        pattern = text.PATTERN_WITHOUT_COMMA if operator == "in" else text.PATTERN
        return {**self.json_schema(sent=True), "pattern": pattern}


class Paragraphs(Line):
    """Text of several lines."""

    def __init__(self, longest: int = 100_000) -> None:
        super().__init__(longest, text.paragraphs)


class Url(Line):
    """An absolute http or https URL (RFC 3986: ASCII, the rest percent-encoded), without user or password."""

    PATTERN = (
        r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])"
        r"(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
        r"([/?#][!#-;=?-Z_a-z~\[\]]*)?$"
    )

    def __init__(self, longest: int = 1000) -> None:
        super().__init__(longest, self._normalize)

    def _normalize(self, value: str) -> str:
        value = text.line(value)
        if not re.match(self.PATTERN, value):
            reject("invalid_url", "This must be an absolute URL that begins with http:// or https:// and holds "
                   "only ASCII characters; write others percent-encoded.")  # fmt: skip
        return value

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": self.longest, "pattern": self.PATTERN}


class Isbn(Kind):
    """An ISBN (ISO 2108): any form is read, the 13 digits are stored."""

    rule = Schema(And(Use(_of_type(str, "a string")), Use(isbn.normalize)))

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "pattern": isbn.PATTERN if sent else isbn.STORED}


class Language(Kind):
    """A language tag (BCP 47) in canonical case."""

    operators = (*EQUALITY, *LIKENESS)
    order = "text"
    rule = Schema(And(Use(_of_type(str, "a string")), Use(language.normalize), Use(_at_most(100))))

    def parse(self, value: str, operator: str) -> str:
        return text.fragment(value) if operator in LIKENESS else self.rule.validate(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "maxLength": 100, "pattern": language.PATTERN}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return Line().query_schema(operator) if operator in LIKENESS else self.json_schema(sent=True)


class PartialDate(Kind):
    """A partial date; as a filter's value it is the period of keys for which it stands."""

    operators = (*EQUALITY, *ORDER)
    order = "date"
    width = 2  # the first and the last key of its period
    rule = Schema(And(Use(_of_type(str, "a string")), Use(partial_date.normalize)))

    def parse(self, value: str, operator: str) -> tuple[int, int]:
        return partial_date.period(self.rule.validate(value))

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "pattern": partial_date.PATTERN}


class Integer(Kind):
    """A whole number within limits. In JSON neither 1.0 nor 1e2 nor true is one."""

    operators = (*EQUALITY, *ORDER)
    order = "number"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.rule = Schema(And(Use(_of_type(int, "an integer")), Use(_between(low, high))))

    def parse(self, value: str, operator: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
            reject("invalid", "This must be an integer, written plainly.")
        return int(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1 - 10**18, "maximum": 10**18 - 1}


class Id(Integer):
    """The id of a record: 1 to 2^63 - 1, written plainly."""

    PLAIN = re.compile(_up_to(BIGINT_MAX))

    def __init__(self) -> None:
        super().__init__(1, BIGINT_MAX)

    def parse(self, value: str, operator: str) -> int:
        if not self.PLAIN.fullmatch(value):
            reject("invalid", "An id is a decimal integer from 1, written plainly.")
        return int(value)

    def query_schema(self, operator: str) -> dict[str, Any]:
        return self.json_schema(sent=True)


class Number(Kind):
    """A number within limits, fractions allowed, as precise as a JSON number commonly is (a double)."""

    operators = (*EQUALITY, *ORDER)
    order = "number"
    IN_QUERY = r"-?[0-9]{1,15}(\.[0-9]{1,20})?"

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.rule = Schema(And(Use(_of_type((int, float), "a number")), Use(_between(low, high)), Use(float)))

    def parse(self, value: str, operator: str) -> float:
        if not re.fullmatch(self.IN_QUERY, value):
            reject("invalid", "This must be a number such as 3 or 1.5.")
        return float(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.IN_QUERY}$"}


class Choice(Kind):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.rule = Schema(And(Use(_of_type(str, "a string")), Use(self._check)))

    def _check(self, value: str) -> str:
        if value not in self.words:
            reject("not_allowed", f"This must be one of {', '.join(self.words)}.")
        return value

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


class Timestamp(Kind):
    """A moment (RFC 3339); in a filter also a date, which is its midnight UTC."""

    operators = (*EQUALITY, *ORDER)
    order = "timestamp"
    PATTERN = re.compile(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?",
        re.ASCII,
    )

    def parse(self, value: str, operator: str) -> datetime:
        match = self.PATTERN.fullmatch(value)
        try:
            if not match:
                raise ValueError
            day, clock, fraction, zone = match.groups()
            if clock is None:
                return datetime.combine(date.fromisoformat(day), time(tzinfo=UTC))
            zone = "+00:00" if zone in "Zz" else zone
            clock = clock.replace(":60", ":59")  # a leap second, which Python does not know
            moment = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{zone}")
            return moment.astimezone(UTC)
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC) if value < "5000" else datetime.max.replace(tzinfo=UTC)
        except ValueError:
            reject("invalid", "A timestamp is RFC 3339, such as 2026-01-31T12:00:00Z, or a date "
                   "(a + in a query is written %2B).")  # fmt: skip

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}


class Lines(Kind):
    """A list of distinct lines of text, in their order."""

    operators = ("has", "ne", "in", "null")
    empty: Json = []

    def __init__(self, most: int = 200, longest: int = 1000) -> None:
        self.most = most
        self.item = Line(longest)

    def read(self, value: Json, pointer: str, faults: Faults) -> list[str]:
        lines: list[str] = []
        places: dict[str, int] = {}
        for place, at, item in items_of(value, self.most, pointer, faults):
            found = len(faults)
            item = self.item.read(item, at, faults)
            if len(faults) > found:
                continue
            if item in places:
                faults.add(at, "duplicate", f"The item at index {places[item]} is the same.")
            places.setdefault(item, place)
            lines.append(item)
        return lines

    def parse(self, value: str, operator: str) -> str:
        return self.item.parse(value, "eq")

    def query_schema(self, operator: str) -> dict[str, Any]:
        return self.item.query_schema(operator)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {
            "type": "array",
            "maxItems": self.most,
            "uniqueItems": True,
            "items": self.item.json_schema(sent=sent),
        }


class Identifiers(Kind):
    """Identifiers of a record elsewhere: schemes, each with a list of values. Those of `isbn` are ISBNs."""

    empty: Json = {}
    width = 2  # the scheme and the value
    SCHEME = re.compile(r"[a-z0-9_.-]{1,50}", re.ASCII)
    MOST = 50
    value = Line(200)
    isbn = Isbn()

    def read(self, value: Json, pointer: str, faults: Faults) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            faults.add(pointer, "type", f"This must be an object, not {json_type(value)}.")
            return {}
        kept = {scheme: values for scheme, values in value.items() if values is not None}
        if len(kept) > self.MOST:
            faults.add(pointer, "too_many", f"This has {len(kept):,} schemes; {self.MOST} are allowed.")
            return {}
        return {scheme: self._read_scheme(scheme, values, pointer, faults) for scheme, values in kept.items()}

    def _read_scheme(self, scheme: str, values: Json, pointer: str, faults: Faults) -> list[str]:
        at = f"{pointer}/{escape(scheme)}"
        if not self.SCHEME.fullmatch(scheme):
            faults.add(at, "invalid", "A scheme has 1 to 50 of the characters a-z, 0-9, _, . and -.")
        kind = self.isbn if scheme == "isbn" else self.value
        read = [kind.read(item, item_at, faults) for _, item_at, item in items_of(values, self.MOST, at, faults)]
        return list(dict.fromkeys(read))

    def parse(self, value: str, operator: str) -> tuple[str, str]:
        scheme, colon, rest = value.partition(":")
        if not colon or not self.SCHEME.fullmatch(scheme):
            reject("invalid", "An identifier is scheme:value, such as openlibrary:OL7353617M.")
        return scheme, (self.isbn if scheme == "isbn" else self.value).parse(rest, "eq")

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        def values(kind: Kind) -> dict[str, Any]:
            # A null stands for no values, or in a patch takes the scheme away.
            type_ = ["array", "null"] if sent else "array"
            return {"type": type_, "maxItems": self.MOST, "items": kind.json_schema(sent=sent)}

        return {
            "type": "object",
            "maxProperties": self.MOST,
            "propertyNames": {"pattern": f"^{self.SCHEME.pattern}$"},
            "properties": {"isbn": values(self.isbn)},
            "additionalProperties": values(self.value),
        }

    def query_schema(self, operator: str) -> dict[str, Any]:
        value = self.value.query_schema(operator)["pattern"].removeprefix("^")
        return {"type": "string", "maxLength": self.value.longest + 2, "pattern": f"^{self.SCHEME.pattern}:{value}"}


def items_of(value: Json, most: int, pointer: str, faults: Faults) -> Iterator[tuple[int, str, Json]]:
    """Index, JSON Pointer and value of each item of an array; a fault if it is no array, or too long a one."""
    if not isinstance(value, list):
        faults.add(pointer, "type", f"This must be an array, not {json_type(value)}.")
    elif len(value) > most:
        faults.add(pointer, "too_many", f"This has {len(value):,} items; {most:,} are allowed.")
    else:
        for place, item in enumerate(value):
            yield place, f"{pointer}/{place}", item


def escape(token: str) -> str:
    """One token of a JSON Pointer (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1")


def cursor_key_fits(kind: Kind, key: Json) -> bool:
    """Whether a cursor's key is of the type that values of this kind are ordered by."""
    if kind.order == "text":
        return isinstance(key, str) and "\0" not in key and not re.search("[\ud800-\udfff]", key)
    if kind.order == "timestamp":
        return isinstance(key, str) and Timestamp.PATTERN.fullmatch(key) is not None and _is_moment(key)
    if isinstance(kind, Number) and key in ("Infinity", "-Infinity"):
        return True
    numeric = (int, float) if isinstance(kind, Number) else int
    return isinstance(key, numeric) and not isinstance(key, bool) and abs(key) <= BIGINT_MAX


def _is_moment(value: str) -> bool:
    try:
        Timestamp().parse(value, "eq")
    except SchemaError:
        return False
    return True
