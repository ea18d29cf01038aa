"""The field type of `q`: the text of a search box."""

from __future__ import annotations

import re
from typing import Any

from schema import SchemaError

from app.values import isbn, search_query, text
from app.values.search_query import SearchQuery

from .base import FieldType, rule_of

_number = re.compile(
    r"[\"'(]*(?:isbn(?:-1[03])?)?[:\s]*([0-9][0-9\s\u2010-\u2013\u2212-]*[0-9Xx])[\"').,;\s]*", re.IGNORECASE
)


class SearchText(FieldType):
    """A search query. With `isbns`, an ISBN matches the records that have it."""

    operators = ("eq",)

    def __init__(self, *, isbns: bool = False) -> None:
        self.isbns = isbns
        self.rule = rule_of(search_query.parse)

    def parse(self, value: str, operator: str) -> SearchQuery:
        number = _number.fullmatch(value.strip())
        if self.isbns and number:
            try:
                return SearchQuery(words=isbn.normalize(number[1]), finished="")
            except SchemaError:
                pass
        return search_query.parse(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "pattern": text.PATTERN}
