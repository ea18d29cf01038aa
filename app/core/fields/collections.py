"""Field types of collections: lists of lines, and identifiers by scheme."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from app.http.problems import MOST_ERRORS
from app.values import cell, text
from app.values.error_detail import reject
from app.values.json_value import Json, escape, json_type

from .base import Faults, FieldType, items_of
from .text import Isbn, Line


class Lines(FieldType):
    """An ordered list of distinct lines of text."""

    operators = ("has", "ne", "in", "null")
    empty: ClassVar[Json] = []

    def __init__(self, most: int = 200, longest: int = 1000) -> None:
        self.most = most
        self.item = Line(longest)

    def read(self, value: Json, pointer: str, faults: Faults) -> list[str]:
        if are_plain(value, self.most, self.item.longest) and len(set(value)) == len(value):
            return list(value)
        lines: list[str] = []
        first_index: dict[str, int] = {}
        for index, item_pointer, item in items_of(value, self.most, pointer, faults):
            faults_before = len(faults)
            line = self.item.read(item, item_pointer, faults)
            if len(faults) > faults_before:
                continue
            if line in first_index:
                faults.add(item_pointer, "duplicate", f"This repeats the item at index {first_index[line]}; remove it.")
            first_index.setdefault(line, index)
            lines.append(line)
        return lines

    def cell(self, value: Json) -> str:
        return cell.join(value)

    def parse(self, value: str, operator: str) -> str:
        return self.item.parse(value, "eq")

    def query_schema(self, operator: str) -> dict[str, Any]:
        return self.item.query_schema(operator)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {
            "type": "array",
            "maxItems": self.most,
            "uniqueItems": True,
            "items": self.item.json_schema(sent=sent),
        }


def are_plain(value: Json, most: int, longest: int) -> bool:
    """Whether a value is an array of lines without faults that are stored as they are: most are, and it is fast."""
    if not isinstance(value, list) or not 0 < len(value) <= most or set(map(type, value)) != {str}:
        return False
    return text.are_plain_lines(value) and max(map(len, value)) <= longest


class Identifiers(FieldType):
    """Identifiers of a record in other systems: for each scheme a list of values.

    Those of the scheme `isbn` are ISBNs.
    """

    empty: ClassVar[Json] = {}
    width = 2  # scheme and value
    SCHEME = re.compile(r"[a-z0-9_.-]{1,50}", re.ASCII)
    OF_ROW = "digest.row"  # scheme of the digests of a row's cells, by which an import recognizes the row
    MOST = 50  # schemes, and values of each
    value = Line(200)
    isbn = Isbn()

    def read(self, value: Json, pointer: str, faults: Faults) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            faults.add(pointer, "type", f"This must be an object, not {json_type(value)}.")
            return {}
        for scheme in value:
            if len(faults) < MOST_ERRORS and not self.SCHEME.fullmatch(scheme):
                scheme_pointer = f"{pointer}/{escape(scheme)}"
                detail = "A scheme must have 1 to 50 of the characters a-z, 0-9, _, . and -."
                faults.add(scheme_pointer, "invalid", detail)
        known = {scheme: values for scheme, values in value.items() if values is not None}
        if len(known) > self.MOST:
            faults.add(pointer, "too_many", f"This has {len(known):,} schemes; send at most {self.MOST}.")
            return {}
        return {scheme: self._read_scheme(scheme, values, pointer, faults) for scheme, values in known.items()}

    def _read_scheme(self, scheme: str, values: Json, pointer: str, faults: Faults) -> list[str]:
        if scheme != "isbn" and are_plain(values, self.MOST, self.value.longest):
            return list(dict.fromkeys(values))
        items = items_of(values, self.MOST, f"{pointer}/{escape(scheme)}", faults)
        type_ = self._type_of(scheme)
        return list(dict.fromkeys(type_.read(item, item_pointer, faults) for _, item_pointer, item in items))

    def _type_of(self, scheme: str) -> FieldType:
        return self.isbn if scheme == "isbn" else self.value

    def cell(self, value: Json) -> str:
        """Return the identifiers as ``scheme:value``, without `OF_ROW` and without schemes that have no values."""
        return cell.join(
            [f"{scheme}:{item}" for scheme, values in value.items() if scheme != self.OF_ROW for item in values]
        )

    def parse(self, value: str, operator: str) -> tuple[str, str]:
        scheme, colon, rest = value.partition(":")
        if not colon or not self.SCHEME.fullmatch(scheme):
            reject("invalid", "This must be an identifier: scheme:value, such as openlibrary:OL7353617M.")
        return scheme, self._type_of(scheme).parse(rest, "eq")

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        def values(item: FieldType) -> dict[str, Any]:
            # null means no values; in a patch it removes the scheme.
            type_ = ["array", "null"] if sent else "array"
            return {"type": type_, "maxItems": self.MOST, "items": item.json_schema(sent=sent)}

        return {
            "type": "object",
            "maxProperties": self.MOST,
            "propertyNames": {"pattern": f"^{self.SCHEME.pattern}$"},
            "properties": {"isbn": values(self.isbn)},
            "additionalProperties": values(self.value),
        }

    def query_schema(self, operator: str) -> dict[str, Any]:
        value = self.value.query_schema(operator)["pattern"].removeprefix("^")
        return {"type": "string", "maxLength": self.value.longest + 2, "pattern": f"^{self.SCHEME.pattern}:{value}"}
