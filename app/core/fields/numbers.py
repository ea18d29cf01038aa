"""Field types of numbers: integers, ids, and numbers with fractions."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from app.values.error_detail import reject
from app.values.json_value import Json

from .base import BIGINT_MAX, EQUALITY, ORDER, FieldType, between, of_type, rule_of


def pattern_up_to(most: int) -> str:
    """Return the pattern of the integers from 1 to `most` (more than 9)."""
    digits = str(most)
    same_length = "|".join(
        f"{digits[:index]}[{'1' if index == 0 else '0'}-{int(digit) - 1}][0-9]{{{len(digits) - index - 1}}}"
        for index, digit in enumerate(digits)
        if int(digit) > (1 if index == 0 else 0)
    )
    return f"(?:[1-9][0-9]{{0,{len(digits) - 2}}}|{same_length}|{digits})"


class WholeNumber(FieldType):
    """An integer within limits. The JSON values 1.0, 1e2 and true are invalid."""

    operators = (*EQUALITY, *ORDER)
    order = "number"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.rule = rule_of(of_type(int, "an integer"), between(low, high))

    def parse(self, value: str, operator: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
            reject("invalid", "This must be an integer in plain digits, such as 42.")
        return int(value)

    def is_sort_key(self, key: Json) -> bool:
        return type(key) is int and abs(key) <= BIGINT_MAX

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1 - 10**18, "maximum": 10**18 - 1}


class Id(WholeNumber):
    """The id of a record: 1 to 2^63 - 1, in plain decimal digits."""

    PLAIN = re.compile(pattern_up_to(BIGINT_MAX))

    def __init__(self) -> None:
        super().__init__(1, BIGINT_MAX)

    def parse(self, value: str, operator: str) -> int:
        if not self.PLAIN.fullmatch(value):
            reject("invalid", "This must be an id: an integer of at least 1, in plain digits.")
        return int(value)

    def query_schema(self, operator: str) -> dict[str, Any]:
        return self.json_schema(sent=True)


def _double(value: str | float) -> float:
    """Return a number as a double, with 0 for minus zero."""
    return float(value) + 0.0


class Number(FieldType):
    """A number within limits, possibly with a fraction, in double precision."""

    operators = (*EQUALITY, *ORDER)
    order = "number"
    IN_QUERY = r"-?[0-9]+(\.[0-9]+)?"

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.rule = rule_of(of_type((int, float), "a number"), between(low, high), _double)

    def parse(self, value: str, operator: str) -> float:
        if not re.fullmatch(self.IN_QUERY, value):
            reject("invalid", "This must be a number such as 3 or 1.5.")
        return _double(value)

    def cell(self, value: Json) -> str:
        return "" if value is None else f"{Decimal(repr(value)):f}"

    def is_sort_key(self, key: Json) -> bool:
        return key in ("Infinity", "-Infinity") or (type(key) in (int, float) and abs(key) <= BIGINT_MAX)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "number"}
