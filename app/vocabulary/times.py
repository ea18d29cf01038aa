"""Kinds of time: partial dates and timestamps."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from schema import SchemaError

from app.values import partial_date
from app.values.flaw import reject

from .kind import EQUALITY, ORDER, Json, Kind, of_type, rule_of


class PartialDate(Kind):
    """A partial date; as a filter's value it is the period of keys for which it stands."""

    operators = (*EQUALITY, *ORDER)
    order = "date"
    width = 2  # the first and the last key of its period
    rule = rule_of(of_type(str, "a string"), partial_date.normalize)

    def parse(self, value: str, operator: str) -> tuple[int, int]:
        return partial_date.period(self.rule.validate(value))

    def is_key(self, key: Json) -> bool:
        return type(key) is int and -(2**31) <= key < 2**31

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "pattern": partial_date.PATTERN}


class Timestamp(Kind):
    """A moment (RFC 3339); in a filter also a date, which is its midnight UTC."""

    operators = (*EQUALITY, *ORDER)
    order = "timestamp"
    PATTERN = re.compile(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
        r"(?:[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?"
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
            clock = re.sub(":60$", ":59", clock)  # a leap second, which Python does not know
            moment = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{zone}")
            return moment.astimezone(UTC)
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC) if value < "5000" else datetime.max.replace(tzinfo=UTC)
        except ValueError:
            reject(
                "invalid",
                "A timestamp is RFC 3339, such as 2026-01-31T12:00:00Z, or a date (a + in a query is written %2B).",
            )

    def is_key(self, key: Json) -> bool:
        try:
            return isinstance(key, str) and key.endswith("+00:00") and bool(self.parse(key, "eq"))
        except SchemaError:
            return False

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
