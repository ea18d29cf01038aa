"""Field types of dates: partial dates and timestamps."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from schema import SchemaError

from app.values import partial_date
from app.values.error_detail import reject
from app.values.json_value import Json

from .base import EQUALITY, ORDER, FieldType, of_type, rule_of


class PartialDate(FieldType):
    """A partial date. A filter compares with its whole period."""

    operators = (*EQUALITY, *ORDER)
    order = "date"
    width = 2  # the first and the last key of the period
    rule = rule_of(of_type(str, "a string"), partial_date.normalize)

    def parse(self, value: str, operator: str) -> tuple[int, int]:
        return partial_date.period(self.rule.validate(value))

    def is_sort_key(self, key: Json) -> bool:
        return type(key) is int and -(2**31) <= key < 2**31

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "pattern": partial_date.PATTERN}


class Timestamp(FieldType):
    """A timestamp (RFC 3339). A filter also accepts a date, which stands for that whole day in UTC."""

    operators = (*EQUALITY, *ORDER)
    order = "timestamp"
    width = 2  # the first and the last moment
    PATTERN = re.compile(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
        r"(?:[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?"
    )

    def parse(self, value: str, operator: str) -> tuple[datetime, datetime]:
        """Return the first and the last moment that the value stands for, at the resolution of Postgres."""
        match = self.PATTERN.fullmatch(value)
        try:
            if not match:
                raise ValueError
            day, clock, fraction, zone = match.groups()
            if clock is None:
                first = datetime.combine(date.fromisoformat(day), time(tzinfo=UTC))
                return first, datetime.combine(first, time.max, UTC)
            zone = "+00:00" if zone in "Zz" else zone
            clock = re.sub(":60$", ":59", clock)  # a leap second, which Python does not support
            moment = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{zone}").astimezone(UTC)
        except OverflowError:
            moment = (datetime.min if value < "5000" else datetime.max).replace(tzinfo=UTC)
        except ValueError:
            reject(
                "invalid",
                "This must be an RFC 3339 timestamp such as 2026-01-31T12:00:00Z, or a date. Write + as %2B in a URL.",
            )
        return moment, moment

    def is_sort_key(self, key: Json) -> bool:
        try:
            return isinstance(key, str) and key.endswith("+00:00") and bool(self.parse(key, "eq"))
        except SchemaError:
            return False

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
