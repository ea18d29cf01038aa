"""Kinds of text: lines, paragraphs, and the strings that follow a standard."""

from __future__ import annotations

import re
from typing import Any

from app.values import isbn, language, text
from app.values.flaw import reject

from .kind import EQUALITY, LIKENESS, Json, Kind, Rule, at_most, of_type, rule_of


class Line(Kind):
    """One line of text of at most `longest` code points, as stored."""

    operators = (*EQUALITY, *LIKENESS)
    order = "text"

    def __init__(self, longest: int = 1000, normalize: Rule = text.line) -> None:
        self.longest = longest
        self.rule = rule_of(of_type(str, "a string"), normalize, at_most(longest))

    def parse(self, value: str, operator: str) -> str:
        return text.fragment(value) if operator in LIKENESS else self.rule.validate(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest, "pattern": text.PATTERN}

    def is_key(self, key: Json) -> bool:
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
            reject(
                "invalid_url",
                "This must be an absolute URL that begins with http:// or https:// and holds "
                "only ASCII characters; write others percent-encoded.",
            )
        return value

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": self.longest, "pattern": self.PATTERN}


class Isbn(Kind):
    """An ISBN (ISO 2108): any form is read, the 13 digits are stored."""

    rule = rule_of(of_type(str, "a string"), isbn.normalize)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "pattern": isbn.PATTERN if sent else isbn.STORED}


class Language(Kind):
    """A language tag (BCP 47) in canonical case."""

    operators = (*EQUALITY, *LIKENESS)
    order = "text"
    rule = rule_of(of_type(str, "a string"), at_most(100), language.normalize)

    def parse(self, value: str, operator: str) -> str:
        return text.fragment(value) if operator in LIKENESS else self.rule.validate(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "maxLength": 100, "pattern": language.PATTERN}

    def query_schema(self, operator: str) -> dict[str, Any]:
        return Line().query_schema(operator) if operator in LIKENESS else self.json_schema(sent=True)


class Choice(Kind):
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
