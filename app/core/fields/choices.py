"""Field types of few values: true or false, and one of a few words."""

from __future__ import annotations

from typing import Any

from app.values.error_detail import reject
from app.values.json_value import Json, json_type

from .base import FieldType, of_type, rule_of


def _is_boolean(value: Json) -> bool:
    if not isinstance(value, bool):
        reject("type", f"This must be true or false, not {json_type(value)}.")
    return value


class Boolean(FieldType):
    """True or false. The JSON values 0, 1 and "true" are invalid."""

    rule = rule_of(_is_boolean)

    def parse(self, value: str, operator: str) -> bool:
        if value not in ("true", "false"):
            reject("invalid", "This must be true or false.")
        return value == "true"

    def cell(self, value: Json) -> str:
        return "" if value is None else str(value).lower()

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "boolean"}


class Choice(FieldType):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.rule = rule_of(of_type(str, "a string"), self._check)

    def _check(self, value: str) -> str:
        if value not in self.words:
            reject("not_allowed", f"This must be one of {', '.join(self.words)}.")
        return value

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}
