"""What every kind of value has, and the rules that kinds are put together from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from schema import SchemaError, Use

from app.problems import Fault
from app.values.flaw import flaw_in, reject

Json = Any
Rule = Callable[[Any], Any]

EQUALITY = ("eq", "ne", "in")
ORDER = ("lt", "lte", "gt", "gte")
LIKENESS = ("contains", "starts")

BIGINT_MAX = 2**63 - 1
FEW_LETTERS = 3  # of a part of a text that may be in most texts
SHORT = "short"


class Faults(list[Fault]):
    """The faults found in one body so far."""

    def add(self, pointer: str, code: str, detail: str) -> None:
        self.append(Fault("body", pointer, code, detail))


class Kind:
    """A kind of value. `empty` stands for what is unknown; a query's text is read by the same rule as a body's."""

    operators: tuple[str, ...] = EQUALITY
    order: str | None = None  # how values are ordered: "text", "date", "number", "timestamp"; None: not at all
    empty: ClassVar[Json] = None
    width: int = 1  # how many values a filter's value is bound as
    rule: Use

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

    def form(self, value: Any) -> str:
        """What of a value makes a filter another statement: that it is of few letters, which may be in most texts."""
        return SHORT if len(str(value)) <= FEW_LETTERS else ""

    def cell(self, value: Json) -> str:
        """The value, as it is answered, in a cell of our own tables; "" for what is unknown or empty."""
        return "" if value is None else str(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        """The facets of JSON Schema 2020-12, of what may be sent or of what is answered."""
        raise LookupError(type(self))

    def query_schema(self, operator: str) -> dict[str, Any]:
        """The facets of a filter's value; for `in`, of each one between the commas."""
        return self.json_schema(sent=True)

    def is_key(self, key: Json) -> bool:
        """Whether a cursor's key, which can be forged, is of the type that values are ordered by."""
        return False

    def answered(self, example: Json) -> Json:
        """An example of the field as it is answered, from one as it is sent."""
        return example


def rule_of(*steps: Rule) -> Use:
    """A rule whose steps follow each other; one `Use`, since ``And`` and ``Schema`` look anew for what their parts are,
    for each value.
    """

    def follow(value: Json) -> Json:
        for step in steps:
            value = step(value)
        return value

    return Use(follow)


def of_type(wanted: type | tuple[type, ...], noun: str) -> Rule:
    def check(value: Json) -> Json:
        if not isinstance(value, wanted) or isinstance(value, bool):
            reject("type", f"This must be {noun}, not {json_type(value)}.")
        return value

    return check


def at_most(limit: int) -> Rule:
    def check(value: str) -> str:
        if len(value) > limit:
            reject("too_long", f"This has {len(value):,} characters; {limit:,} are allowed.")
        return value

    return check


def between(low: float, high: float) -> Rule:
    def check(value: float) -> float:
        if not low <= value <= high:
            reject("out_of_range", f"This must be from {low:,} to {high:,}.")
        return value

    return check


def json_type(value: Json) -> str:
    """What JSON calls the type of a parsed value, for errors."""
    names = {type(None): "null", bool: "a boolean", str: "a string", list: "an array", dict: "an object"}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "an integer" if isinstance(value, int) else "a number with a fraction or exponent"
    return names[type(value)]


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
