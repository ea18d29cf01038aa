"""Kinds of numbers: whole ones, ids, and those with fractions."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from app.values.flaw import reject

from .kind import BIGINT_MAX, EQUALITY, ORDER, Json, Kind, between, of_type, rule_of


def up_to(most: int) -> str:
    """A pattern of the integers from 1 to `most` (more than 9), written plainly."""
    digits = str(most)
    as_long = "|".join(
        f"{digits[:place]}[{'1' if place == 0 else '0'}-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if int(digit) > (1 if place == 0 else 0)
    )
    return f"(?:[1-9][0-9]{{0,{len(digits) - 2}}}|{as_long}|{digits})"


class Integer(Kind):
    """A whole number within limits. In JSON neither 1.0 nor 1e2 nor true is one."""

    operators = (*EQUALITY, *ORDER)
    order = "number"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.rule = rule_of(of_type(int, "an integer"), between(low, high))

    def parse(self, value: str, operator: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
            reject("invalid", "This must be an integer, written plainly.")
        return int(value)

    def is_key(self, key: Json) -> bool:
        return type(key) is int and abs(key) <= BIGINT_MAX

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1 - 10**18, "maximum": 10**18 - 1}


class Id(Integer):
    """The id of a record: 1 to 2^63 - 1, written plainly."""

    PLAIN = re.compile(up_to(BIGINT_MAX))

    def __init__(self) -> None:
        super().__init__(1, BIGINT_MAX)

    def parse(self, value: str, operator: str) -> int:
        if not self.PLAIN.fullmatch(value):
            reject("invalid", "An id is a decimal integer from 1, written plainly.")
        return int(value)

    def query_schema(self, operator: str) -> dict[str, Any]:
        return self.json_schema(sent=True)


def _double(value: str | float) -> float:
    """As a double; minus zero is zero."""
    return float(value) + 0.0


class Number(Kind):
    """A number within limits, fractions allowed, as precise as a JSON number commonly is (a double)."""

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

    def is_key(self, key: Json) -> bool:
        return key in ("Infinity", "-Infinity") or (type(key) in (int, float) and abs(key) <= BIGINT_MAX)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "number"}
