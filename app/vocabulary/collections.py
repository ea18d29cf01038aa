"""Kinds of collections: lists of lines, and identifiers by scheme."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from app.problems import MOST_ERRORS
from app.values import cell
from app.values.flaw import reject

from .kind import Faults, Json, Kind, escape, items_of, json_type
from .texts import Isbn, Line


class Lines(Kind):
    """A list of distinct lines of text, in their order."""

    operators = ("has", "ne", "in", "null")
    empty: ClassVar[Json] = []

    def __init__(self, most: int = 200, longest: int = 1000) -> None:
        self.most = most
        self.item = Line(longest)

    def read(self, value: Json, pointer: str, faults: Faults) -> list[str]:
        lines: list[str] = []
        places: dict[str, int] = {}
        for place, at, item in items_of(value, self.most, pointer, faults):
            found = len(faults)
            item = self.item.read(item, at, faults)
            if len(faults) > found:
                continue
            if item in places:
                faults.add(at, "duplicate", f"The item at index {places[item]} is the same.")
            places.setdefault(item, place)
            lines.append(item)
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


class Identifiers(Kind):
    """Identifiers of a record elsewhere: schemes, each with a list of values. Those of `isbn` are ISBNs."""

    empty: ClassVar[Json] = {}
    width = 2  # the scheme and the value
    SCHEME = re.compile(r"[a-z0-9_.-]{1,50}", re.ASCII)
    OF_ROW = "digest.row"  # by which a row of our own tables is known again; it says nothing that they do not
    MOST = 50
    value = Line(200)
    isbn = Isbn()

    def read(self, value: Json, pointer: str, faults: Faults) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            faults.add(pointer, "type", f"This must be an object, not {json_type(value)}.")
            return {}
        for scheme in value:
            if not self.SCHEME.fullmatch(scheme) and len(faults) < MOST_ERRORS:
                at = f"{pointer}/{escape(scheme)}"
                faults.add(at, "invalid", "A scheme has 1 to 50 of the characters a-z, 0-9, _, . and -.")
        kept = {scheme: values for scheme, values in value.items() if values is not None}
        if len(kept) > self.MOST:
            faults.add(pointer, "too_many", f"This has {len(kept):,} schemes; {self.MOST} are allowed.")
            return {}
        return {scheme: self._read_scheme(scheme, values, pointer, faults) for scheme, values in kept.items()}

    def _read_scheme(self, scheme: str, values: Json, pointer: str, faults: Faults) -> list[str]:
        at = f"{pointer}/{escape(scheme)}"
        kind = self.isbn if scheme == "isbn" else self.value
        read = [kind.read(item, item_at, faults) for _, item_at, item in items_of(values, self.MOST, at, faults)]
        return list(dict.fromkeys(read))

    def cell(self, value: Json) -> str:
        """Each as ``scheme:value``, without `OF_ROW`. A scheme without values cannot be said."""
        return cell.join(
            [f"{scheme}:{one}" for scheme, values in value.items() if scheme != self.OF_ROW for one in values]
        )

    def parse(self, value: str, operator: str) -> tuple[str, str]:
        scheme, colon, rest = value.partition(":")
        if not colon or not self.SCHEME.fullmatch(scheme):
            reject("invalid", "An identifier is scheme:value, such as openlibrary:OL7353617M.")
        return scheme, (self.isbn if scheme == "isbn" else self.value).parse(rest, "eq")

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        def values(kind: Kind) -> dict[str, Any]:
            # A null stands for no values, or in a patch takes the scheme away.
            type_ = ["array", "null"] if sent else "array"
            return {"type": type_, "maxItems": self.MOST, "items": kind.json_schema(sent=sent)}

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
