"""Field types of text: lines, paragraphs, and strings that follow a standard."""

from __future__ import annotations

import re
from typing import Any

from app.values import isbn, language, text
from app.values.error_detail import reject
from app.values.json_value import Json

from .base import EQUALITY, LIKENESS, FieldType, Rule, at_most, not_far_over, of_type, rule_of

SHORT = 3  # length up to which most texts may contain a filter's value


class Line(FieldType):
    """One line of text of at most `longest` code points, as stored."""

    operators = (*EQUALITY, *LIKENESS)
    order = "text"

    def __init__(self, longest: int = 1000, normalize: Rule = text.line) -> None:
        self.longest = longest
        self.rule = rule_of(of_type(str, "a string"), not_far_over(longest), normalize, at_most(longest))

    def parse(self, value: str, operator: str) -> str:
        return text.fragment(value) if operator in LIKENESS else self.rule.validate(value)

    def is_short(self, value: str) -> bool:
        return len(value) <= SHORT

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest, "pattern": text.PATTERN}

    def is_sort_key(self, key: Json) -> bool:
        return isinstance(key, str) and "\0" not in key and not re.search("[\ud800-\udfff]", key)

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
    """An absolute http or https URL without user or password.

    In ASCII, with other characters percent-encoded (RFC 3986).
    """

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
            reject(
                "invalid_url",
                "This must be an absolute URL that starts with http:// or https://. "
                "Percent-encode characters other than ASCII.",
            )
        return value

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": self.longest, "pattern": self.PATTERN}


class Isbn(FieldType):
    """An ISBN (ISO 2108), read in any form and stored as 13 digits."""

    rule = rule_of(of_type(str, "a string"), not_far_over(100), isbn.normalize)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "pattern": isbn.PATTERN if sent else isbn.STORED}


class Language(FieldType):
    """A language tag (BCP 47) in canonical case."""

    operators = (*EQUALITY, "starts")
    order = "text"
    rule = rule_of(of_type(str, "a string"), at_most(100), language.normalize)

    def parse(self, value: str, operator: str) -> str:
        return text.fragment(value) if operator == "starts" else self.rule.validate(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "maxLength": 100, "pattern": language.PATTERN}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return Line().query_schema(operator) if operator == "starts" else self.json_schema(sent=True)
