"""Attributes: their definitions in a category, and their values in a favorite, by the field types of the core."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from app.core.fields import (
    Boolean,
    Choice,
    Faults,
    FieldType,
    Line,
    Lines,
    Number,
    PartialDate,
    Url,
    WholeNumber,
    items_of,
)
from app.core.fields.base import not_far_over, of_type, rule_of
from app.core.openapi.schemas import object_schema, or_null
from app.http.problems import MOST_ERRORS, unknown_name
from app.values import cell, text
from app.values.error_detail import reject
from app.values.json_value import Json, escape, json_type

ATTRIBUTES_MOST = 50  # of a category
VALUES_MOST, VALUE_LONGEST = 200, 200  # of an enum
WHOLE_MOST = 2**53 - 1  # up to which every JSON parser keeps an integer exact (RFC 8259, section 6)
NUMBER_MOST = 1e15


class EnumValue(Choice):
    """One of the values of an attribute of the type enum, which are stored like every line of text."""

    def __init__(self, *words: str) -> None:
        super().__init__(*words)
        self.rule = rule_of(of_type(str, "a string"), not_far_over(VALUE_LONGEST), text.line, self._check)


class PlainNumber(Number):
    """A number that is stored without a fraction if it has none."""

    def read(self, value: Json, pointer: str, faults: Faults) -> Json:
        number = super().read(value, pointer, faults)
        return int(number) if isinstance(number, float) and number.is_integer() else number


# The field type of each type of attributes. An enum's also has its values.
TYPES: dict[str, FieldType] = {
    "text": Line(),
    "number": PlainNumber(-NUMBER_MOST, NUMBER_MOST),
    "integer": WholeNumber(-WHOLE_MOST, WHOLE_MOST),
    "boolean": Boolean(),
    "date": PartialDate(),
    "enum": EnumValue(),
    "url": Url(),
}
ENUM = "enum"


class Attribute(NamedTuple):
    """The definition of an attribute, as `validate_values` and filters need it."""

    key: str
    type: str  # a key of `TYPES`
    values: tuple[str, ...] = ()  # of an enum
    required: bool = False

    @property
    def field_type(self) -> FieldType:
        """The type of its values."""
        return EnumValue(*self.values) if self.type == ENUM else TYPES[self.type]


def attributes_of(stored: Iterable[Mapping[str, Any]]) -> dict[str, Attribute]:
    """Return the stored definitions of a category by key."""
    return {
        item["key"]: Attribute(item["key"], item["type"], tuple(item["values"]), item["required"]) for item in stored
    }


def validate_values(
    attributes: Mapping[str, Attribute], values: dict[str, Json], pointer: str, faults: Faults
) -> dict[str, Any]:
    """Return a favorite's values as its category defines them. Adds every error to `faults`."""
    validated = {}
    for key, value in values.items():
        if faults.is_full:
            break
        key_pointer = f"{pointer}/{escape(key)}"
        if key not in attributes:
            is_shown = len(faults) < MOST_ERRORS
            detail = unknown_name(key, attributes, "attribute", "the category") if is_shown else "It is not defined."
            faults.add(key_pointer, "unknown", detail)
        elif value is not None:
            validated[key] = attributes[key].field_type.read(value, key_pointer, faults)
    for key, attribute in attributes.items():
        if attribute.required and values.get(key) is None:
            faults.add(f"{pointer}/{key}", "required", f"The category requires {key}; send a value.")
    return validated


class Key(FieldType):
    """The key of an attribute, under which a favorite has its value."""

    PATTERN = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
    rule = rule_of(of_type(str, "a string"), lambda value: Key.check(value))

    @classmethod
    def check(cls, value: str) -> str:
        if not cls.PATTERN.fullmatch(value):
            reject("invalid", "A key must have 1 to 50 of the characters a-z, 0-9 and _, and begin with a letter.")
        return value

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.PATTERN.pattern}$"}


class EnumValues(Lines):
    """The values of an enum."""

    def __init__(self) -> None:
        super().__init__(VALUES_MOST, VALUE_LONGEST)


class Definitions(FieldType):
    """The definitions of a category's attributes, in their order."""

    operators = ()
    empty: ClassVar[Json] = []
    MEMBERS: ClassVar[dict[str, FieldType]] = {
        "key": Key(),
        "label": Line(),
        "type": Choice(*TYPES),
        "values": EnumValues(),
        "required": Boolean(),
    }
    REQUIRED = ("key", "type")

    def read(self, value: Json, pointer: str, faults: Faults) -> list[dict[str, Any]]:
        definitions: list[dict[str, Any]] = []
        first_index: dict[str, int] = {}
        for index, item_pointer, item in items_of(value, ATTRIBUTES_MOST, pointer, faults):
            definition = self._read_item(item, item_pointer, faults)
            if definition is None:
                continue
            key = definition["key"]
            if key in first_index:
                detail = f"The attribute at index {first_index[key]} has the key {key} too; choose another key."
                faults.add(f"{item_pointer}/key", "duplicate", detail)
            first_index.setdefault(key, index)
            definitions.append(definition)
        return definitions

    def _read_item(self, item: Json, pointer: str, faults: Faults) -> dict[str, Any] | None:
        if not isinstance(item, dict):
            faults.add(pointer, "type", f"This must be an object with a key and a type, not {json_type(item)}.")
            return None
        before = len(faults)
        for member in item:
            if member not in self.MEMBERS and not faults.is_full:
                is_shown = len(faults) < MOST_ERRORS
                detail = unknown_name(member, self.MEMBERS, "member") if is_shown else "There is no such member."
                faults.add(f"{pointer}/{escape(member)}", "unknown", detail)
        definition: dict[str, Any] = {}
        for name, type_ in self.MEMBERS.items():
            if item.get(name) is not None:
                definition[name] = type_.read(item[name], f"{pointer}/{name}", faults)
                continue
            definition[name] = False if name == "required" else type_.empty
            if name in self.REQUIRED:
                faults.add(f"{pointer}/{name}", "required", f"{name} is required; send a value.")
        if len(faults) > before:
            return None
        if definition["type"] == ENUM and not definition["values"]:
            faults.add(f"{pointer}/values", "required", "An enum needs values; send at least one.")
        elif definition["type"] != ENUM and definition["values"]:
            faults.add(f"{pointer}/values", "mismatch", "Only an enum has values; leave them out.")
        return definition if len(faults) == before else None

    def cell(self, value: Json) -> str:
        return cell.join([f"{item['key']}:{item['type']}" for item in value])

    def received_example(self, example: Json) -> Json:
        return [{"label": None, "values": [], "required": False, **item} for item in example]

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        members = {name: type_.json_schema(sent=sent) for name, type_ in self.MEMBERS.items()}
        optional = [name for name in members if name not in self.REQUIRED]
        nullable = optional if sent else ["label"]
        item = object_schema({name: or_null(each) if name in nullable else each for name, each in members.items()})
        if sent:
            item["required"] = list(self.REQUIRED)
        return {"type": "array", "maxItems": ATTRIBUTES_MOST, "items": item}


class AttributeValues(FieldType):
    """The attributes of a favorite by key. `validate_values` validates them once the category is known."""

    operators = ()
    empty: ClassVar[Json] = {}

    def read(self, value: Json, pointer: str, faults: Faults) -> dict[str, Json]:
        if not isinstance(value, dict):
            faults.add(pointer, "type", f"This must be an object, not {json_type(value)}.")
            return {}
        return value

    def cell(self, value: Json) -> str:
        return cell.join([f"{key}:{self._text(item)}" for key, item in value.items()])

    @staticmethod
    def _text(item: Json) -> str:
        return str(item).lower() if isinstance(item, bool) else str(item)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        types = ["string", "number", "boolean", *(["null"] if sent else [])]
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{Key.PATTERN.pattern}$"},
            "additionalProperties": {"type": types},
        }


class Reference(FieldType):
    """The id of another record with its name or title, as a favorite shows it."""

    operators = ()

    def __init__(self, member: str) -> None:
        self.member = member

    def cell(self, value: Json) -> str:
        return "" if value is None else str(value[self.member])

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return object_schema({"id": {"type": "integer", "minimum": 1}, self.member: {"type": "string"}})
