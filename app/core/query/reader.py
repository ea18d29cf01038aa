"""Reads the parameters of a query string, and collects their faults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from schema import SchemaError

from app.core.fields import Filter
from app.core.resource import Resource
from app.http.problems import Fault, InvalidQuery, unknown_name
from app.values.error_detail import detail_in, reject

from .query import Condition, SortKey

# What other APIs call the parameters of this one.
COMMON_NAMES = {
    "search": "q",
    "query": "q",
    "year": "published",
    "date": "published",
    "lang": "language",
    "order": "sort",
    "order_by": "sort",
    "sort_by": "sort",
    "per_page": "limit",
    "page_size": "limit",
    "count": "limit",
    "select": "fields",
    "tags": "subjects",
    "genre": "subjects",
}
# Names of a page's number in other APIs.
PAGE_NAMES = ("page", "page_number", "p")
PAGE_HINT = " For the next page, follow links.next, which has a cursor; to skip rows of a short list, send offset."
REPEATABLE = ("in", "has", "ne")  # operators that may be sent several times
_parameter = re.compile(r"([^\[\]]+)(?:\[([^\[\]]*)\])?")
_item = re.compile(r"(?:\\,|[^,])*")  # of a comma-separated list, up to the next comma without a backslash
_plain_integer = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


class ParameterReader:
    """The parameters of a query string, and their faults so far."""

    def __init__(self, pairs: Iterable[tuple[str, str]], faults: Iterable[Fault] = ()) -> None:
        self.pairs = list(pairs)
        self.faults = list(faults)
        self._names = {name for name, _ in self.pairs}

    def add_fault(self, parameter: str, code: str, detail: str) -> None:
        self.faults.append(Fault("query", parameter, code, detail))

    def raise_faults(self) -> None:
        """Raise `InvalidQuery` if there are faults."""
        if self.faults:
            raise InvalidQuery.from_faults(self.faults)

    def single(self, name: str) -> str | None:
        """Return the value of a parameter, None if it is missing.

        Adds a fault if it is repeated.
        """
        if name not in self._names:
            return None
        values = [value for each, value in self.pairs if each == name]
        if len(values) > 1:
            self.add_fault(name, "repeated", f"{name} was sent {len(values)} times; send it once.")
        return values[0]

    def integer(self, name: str, low: int, high: int) -> int | None:
        """Return an integer within limits."""
        value = self.single(name)
        if value is None:
            return None
        if not _plain_integer.fullmatch(value):
            self.add_fault(name, "invalid", f"{name} must be an integer between {low:,} and {high:,}.")
        elif not low <= int(value) <= high:
            hint = " To go further, follow links.next, whose cursor has no such limit." if name == "offset" else ""
            self.add_fault(name, "out_of_range", f"{name} must be between {low:,} and {high:,}.{hint}")
        else:
            return int(value)
        return None

    def choice(self, name: str, words: Sequence[str]) -> str | None:
        """Return the value of a parameter if it is one of `words`."""
        value = self.single(name)
        if value is not None and value not in words:
            self.add_fault(name, "not_allowed", f"{name} must be one of {', '.join(words)}.")
            return None
        return value

    def value(self, filter_: Filter, text: str) -> Any:
        """Parse a value for equality with a filter.

        Returns None and adds a fault if it is invalid.
        """
        try:
            return _parse_value(filter_, "eq", text)
        except SchemaError as error:
            detail = detail_in(error)
            self.add_fault(filter_.name, detail.code, detail)
            return None

    def names(self, parameter: str, allowed: Iterable[str], noun: str, *, signed: bool = False) -> list[str]:
        """Return the items of a comma-separated list of distinct names.

        A `signed` name may have a ``-`` before it.
        """
        value = self.single(parameter)
        if value is None:
            return []
        items = [item.strip() for item in value.split(",")]
        names = [item.removeprefix("-") if signed else item for item in items]
        for index, name in enumerate(names):
            if name not in allowed:
                self.add_fault(parameter, "unknown", unknown_name(name, allowed, noun))
            elif name in names[:index]:
                self.add_fault(parameter, "duplicate", f"{parameter} contains {name} twice; remove one.")
        return items

    def fields(self, resource: Resource) -> tuple[str, ...]:
        """Return the fields in the parameter `fields`, in the order of the representation."""
        wanted = self.names("fields", resource.fields, "field")
        return tuple(name for name in resource.fields if name in wanted)

    def sort(self, resource: Resource) -> tuple[SortKey, ...]:
        """Return the keys in the parameter `sort`."""
        items = self.names("sort", resource.sorts, "sort key", signed=True)
        return tuple(SortKey(item.removeprefix("-"), item.startswith("-")) for item in items)

    def conditions(self, filters: Mapping[str, Filter]) -> tuple[Condition, ...]:
        """Return the conditions of all parameters that are one of the `filters`."""
        by_parameter: dict[str, list[str]] = {}
        for parameter, value in self.pairs:
            by_parameter.setdefault(parameter, []).append(value)
        conditions = []
        for parameter, values in by_parameter.items():
            match = _parameter.fullmatch(parameter)
            if match and match[1] in filters:
                condition = self._condition(filters[match[1]], parameter, match[2], values)
                if condition:
                    conditions.append(condition)
        return tuple(conditions)

    def refuse_rest(self, allowed: Sequence[str], filters: Iterable[str] = ()) -> None:
        """Add a fault for each parameter that is neither `allowed` nor a filter.

        `conditions` checks the operators of filters.
        """
        names = (*allowed, *filters)
        for parameter in dict.fromkeys(name for name, _ in self.pairs):
            match = _parameter.fullmatch(parameter)
            name = match[1] if match else parameter
            if name not in names:
                likely = COMMON_NAMES.get(name.lower(), "")
                hint = PAGE_HINT if name.lower() in PAGE_NAMES and "cursor" in names else ""
                detail = unknown_name(name, names, "parameter", likely="" if hint else likely)
                self.add_fault(parameter, "unknown", f"{detail}{hint}")
            elif name != parameter and name in allowed:
                self.add_fault(parameter, "unknown", f"{name} takes no operator; write {name}=value.")

    def _condition(self, filter_: Filter, parameter: str, operator: str | None, texts: list[str]) -> Condition | None:
        equality = "has" if "has" in filter_.operators else "eq"
        if operator is None:
            operator = equality if len(texts) == 1 or "in" not in filter_.operators else "in"
        elif operator == "in" and len(texts) == 1:
            texts = split_list(texts[0])
        is_named_equality = parameter.endswith("[eq]")  # equality has no operator in a query
        if operator not in filter_.operators or is_named_equality:
            allowed = [name for name in filter_.operators if name != "eq"]
            detail = unknown_name(operator, allowed, "operator", filter_.name)
            plain = f" For equality, write {filter_.name}=value." if equality in filter_.operators else ""
            self.add_fault(parameter, "unknown", detail + plain)
            return None
        if len(texts) > 1 and operator not in REPEATABLE:
            self.add_fault(parameter, "repeated", f"{parameter} was sent {len(texts)} times; send it once.")
            return None
        try:
            parse = _parse_boolean if operator == "null" else partial(_parse_value, filter_, operator)
            # Sorted, because the order of several values has no meaning.
            return Condition(filter_.name, operator, tuple(sorted(set(map(parse, texts)), key=repr)))
        except SchemaError as error:
            detail = detail_in(error)
            is_list = operator in ("eq", "has") and "," in texts[0] and "in" in filter_.operators
            hint = f" For one of several values, write {filter_.name}[in]={texts[0]}." if is_list else ""
            self.add_fault(parameter, detail.code, f"{detail}{hint}")
            return None


def split_list(text: str) -> list[str]:
    """Return the items of a comma-separated list, without the spaces around them.

    ``\\,`` is a comma within an item; a backslash before any other character is itself.
    """
    items, start = [], 0
    while start <= len(text):
        match = _item.match(text, start)
        assert match is not None
        items.append(match[0].replace("\\,", ",").strip())
        start = match.end() + 1
    return items


def _parse_boolean(value: str) -> bool:
    if value not in ("true", "false"):
        reject("invalid", "null must be true (unknown) or false (known).")
    return value == "true"


def _parse_value(filter_: Filter, operator: str, value: str) -> Any:
    if not value.strip():
        hint = f", or {filter_.name}[null]=true for unknown values" if "null" in filter_.operators else ""
        reject("blank", f"{filter_.name} is blank; send a value{hint}.")
    try:
        return filter_.type.parse(value, operator)
    except SchemaError as error:
        if detail_in(error).code == "blank":  # the same sentence, with the parameter's name
            reject("blank", f"{filter_.name} is blank; send text with a visible character.")
        raise
