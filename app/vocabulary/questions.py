"""The kind of `q`: what a reader types to find something."""

from __future__ import annotations

import re
from typing import Any

from schema import SchemaError

from app.values import isbn, question, text
from app.values.question import Question

from .kind import Kind, rule_of

NUMBER = "n"

_number = re.compile(
    r"[\"'(]*(?:isbn(?:-1[03])?)?[:\s]*([0-9][0-9\s\u2010-\u2013\u2212-]*[0-9Xx])[\"').,;\s]*", re.IGNORECASE
)


class SearchText(Kind):
    """A question. Where `numbers` are looked for, one that is an ISBN as a whole asks for the book of that ISBN."""

    operators = ("eq",)
    width = len(Question._fields)

    def __init__(self, *, numbers: bool = False) -> None:
        self.numbers = numbers
        self.rule = rule_of(question.read)

    def parse(self, value: str, operator: str) -> Question:
        said = _number.fullmatch(value.strip())
        if self.numbers and said:
            try:
                return Question(isbn.normalize(said[1]), "")
            except SchemaError:
                pass
        return question.read(value)

    def form(self, value: Question) -> str:
        """``n`` for an ISBN, or what there is to ask (see `Question.form`)."""
        return NUMBER if value.words and not (value.finished or value.last) else value.form

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "pattern": text.PATTERN}
