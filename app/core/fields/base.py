"""The base class of all field types, and their validation rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from schema import SchemaError, Use

from app.http.problems import MOST_FAULTS, Fault
from app.values.error_detail import detail_in, reject
from app.values.json_value import Json, json_type

Rule = Callable[[Any], Any]

EQUALITY = ("eq", "ne", "in")
ORDER = ("lt", "lte", "gt", "gte")
LIKENESS = ("contains", "starts")

BIGINT_MAX = 2**63 - 1


class Faults(list[Fault]):
    """The faults found in a body so far, at most `MOST_FAULTS` and another one."""

    @property
    def is_full(self) -> bool:
        """Whether no more are kept: validation can stop."""
        return len(self) > MOST_FAULTS

    def add(self, pointer: str, code: str, detail: str) -> None:
        if not self.is_full:
            self.append(Fault("body", pointer, code, detail))


class FieldType:
    """A type of values.

    The same rule validates JSON values of a body and values of a query string.
    """

    operators: tuple[str, ...] = EQUALITY
    order: str | None = None  # "text", "date", "number" or "timestamp"; None: values have no order
    empty: ClassVar[Json] = None  # the value that means unknown
    width: int = 1  # number of SQL parameters of a filter's value
    rule: Use

    def read(self, value: Json, pointer: str, faults: Faults) -> Json:
        """Return the value to store for a JSON value. Adds its errors to `faults`."""
        try:
            return self.rule.validate(value)
        except SchemaError as error:
            detail = detail_in(error)
            faults.add(pointer, detail.code, detail)
            return self.empty

    def parse(self, value: str, operator: str) -> Any:
        """Parse a filter's value from a query string. Raises ``SchemaError``."""
        return self.rule.validate(value)

    def is_short(self, value: Any) -> bool:
        """Whether a filter's value is so short that most rows may contain it.

        Such a filter gets a statement of its own.
        """
        return False

    def cell(self, value: Json) -> str:
        """Return a value of the representation as a CSV cell, "" if unknown or empty."""
        return "" if value is None else str(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the values that clients send, or else receive."""
        raise LookupError(type(self))

    def query_schema(self, operator: str) -> dict[str, Any]:
        """Return the JSON Schema of a filter's value; for `in`, of each value."""
        return self.json_schema(sent=True)

    def is_sort_key(self, key: Json) -> bool:
        """Whether a cursor's key, which clients can forge, has the type of the sort."""
        return False

    def received_example(self, example: Json) -> Json:
        """Return an example as clients receive it, from one as they send it."""
        return example


def rule_of(*steps: Rule) -> Use:
    """Return the rule that applies steps in order.

    It is a single `Use`, because ``And`` and ``Schema`` inspect the types of their parts again for each value.
    """

    def apply(value: Json) -> Json:
        for step in steps:
            value = step(value)
        return value

    return Use(apply)


def of_type(wanted: type | tuple[type, ...], noun: str) -> Rule:
    """Return the rule that a value has a type, which the error calls `noun`."""

    def check(value: Json) -> Json:
        if not isinstance(value, wanted) or isinstance(value, bool):
            reject("type", f"This must be {noun}, not {json_type(value)}.")
        return value

    return check


def not_far_over(limit: int) -> Rule:
    """Return the rule that a text can become one of `limit` code points, before time is spent on it.

    Normalization and single spaces shorten text, but hardly ever to a sixteenth.
    """
    check = at_most(limit)
    return lambda value: value if len(value) <= 16 * limit else check(value)


def at_most(limit: int) -> Rule:
    """Return the rule that a text has at most `limit` code points."""

    def check(value: str) -> str:
        if len(value) > limit:
            reject("too_long", f"This has {len(value):,} characters; shorten it to at most {limit:,}.")
        return value

    return check


def between(low: float, high: float) -> Rule:
    """Return the rule that a number is within limits, both included."""

    def check(value: float) -> float:
        if not low <= value <= high:
            reject("out_of_range", f"This must be between {low:,} and {high:,}.")
        return value

    return check


def items_of(value: Json, most: int, pointer: str, faults: Faults) -> Iterator[tuple[int, str, Json]]:
    """Yield index, JSON Pointer and value of each item of an array.

    Adds a fault if the value is not an array, or is too long.
    """
    if not isinstance(value, list):
        faults.add(pointer, "type", f"This must be an array, not {json_type(value)}.")
    elif len(value) > most:
        faults.add(pointer, "too_many", f"This has {len(value):,} items; send at most {most:,}.")
    else:
        for index, item in enumerate(value):
            if faults.is_full:
                return
            yield index, f"{pointer}/{index}", item
