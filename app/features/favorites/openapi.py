"""The operations of categories and favorites."""

from __future__ import annotations

from typing import TypeVar

from app.core.openapi.describe import Components, Operation, Schema, Tag
from app.core.openapi.operations import (
    IF_MATCH,
    WRITES,
    CreateRecords,
    ListRecords,
    PatchRecord,
    ReplaceRecord,
    ResourceOperation,
    body_of,
    json_content,
)
from app.core.openapi.responses import headers
from app.core.openapi.schemas import page_example, received_example, ref, sent_example
from app.features.accounts.openapi.bodies import body_schema

from .attributes.definitions import TYPES
from .ranking.order_body import ORDER
from .resource import FAVORITES

TAGS = {
    "categories": Tag("categories", "Your own categories of favorites, private to your account."),
    "favorites": Tag("favorites", "What you like, in your own order, private to your account."),
}
DROP_PARAMETER: Schema = {
    "name": "values",
    "in": "query",
    "description": "`drop` deletes the values of favorites that the new attributes do not allow; otherwise 409",
    "schema": {"type": "string", "enum": ["drop"], "examples": ["drop"]},
}
DELETE_PARAMETER: Schema = {
    "name": "favorites",
    "in": "query",
    "description": "`delete` also deletes the favorites in it; otherwise 409 if there are any",
    "schema": {"type": "string", "enum": ["delete"], "examples": ["delete"]},
}
Personal = TypeVar("Personal", bound=Operation)


def personal(operation: Personal) -> Personal:
    """Return an operation on records of the client's own account, with the tag of these."""
    operation.tag = TAGS[operation.tag.name]
    return operation


class ListFavorites(ListRecords):
    """A list of favorites, also filtered by their attributes."""

    def description(self) -> str:
        operators = "; ".join(
            f"{name}: {', '.join(f'`{each}`' for each in (*type_.operators[1:], 'null'))}"
            for name, type_ in TYPES.items()
        )
        return (
            "The filter `attributes.KEY` compares an attribute that a category defines, such as "
            "`attributes.mood=hopeful` or `attributes.read_on[gte]=2024`. It equals, or takes the operators of the "
            f"attribute's type: {operators}. If your categories define a key with different types, add `category_id`."
            f"\n\n{super().description()}"
        )


class CreateCategories(CreateRecords):
    """A new category, or a batch of them."""

    def request_body(self, method: str) -> Schema:
        example = sent_example(self.resource)
        return self.body_with(method, example, [example, {"name": "Essays"}])

    def body_with(self, method: str, one: Schema, several: list[Schema]) -> Schema:
        """Return the body with other examples, because names and books are unique."""
        schema = next(iter(super().request_body(method)["content"].values()))["schema"]
        return body_of(method, schema, {"one": one, "several": several})


class CreateFavorites(CreateCategories):
    """A new favorite, or a batch of them."""

    def request_body(self, method: str) -> Schema:
        example = sent_example(self.resource)
        return self.body_with(method, example, [example, {"category_id": 1, "title": "The Word for World Is Forest"}])

    def created_response(self, schema: Schema) -> Schema:
        response = super().created_response(schema)
        links = {name: link for name, link in response["links"].items() if not name.startswith("Replace")}
        return {**response, "links": links}


class ReplaceCategory(ReplaceRecord):
    """A whole category."""

    def parameters(self) -> list[Schema]:
        return [DROP_PARAMETER, *super().parameters()]


class PatchCategory(PatchRecord):
    """Some fields of a category."""

    def parameters(self) -> list[Schema]:
        return [DROP_PARAMETER, *super().parameters()]


class ReplaceOrder(ResourceOperation):
    """The whole order of a category."""

    problems = WRITES
    schema = "Order"

    def __init__(self) -> None:
        super().__init__(FAVORITES)

    def parameters(self) -> list[Schema]:
        if_match = "The ETag of the category, or of the first page of its favorites; 412 if they have changed"
        return [{**IF_MATCH, "description": if_match}]

    def request_body(self, method: str) -> Schema:
        example = {name: field.example for name, field in ORDER.items()}
        return body_of(method, ref("schemas", self.schema), {"one": example})

    def responses(self) -> dict[str, Schema]:
        page = page_example(self.resource, [received_example(self.resource)])
        return {
            "200": {
                "description": "The first page of the favorites in their new order",
                "headers": headers("ETag", "Link", "X-Request-ID"),
                "content": json_content(f"{self.name}Page", page),
            }
        }

    def components(self) -> Components:
        schemas = self.schema_components(f"Partial{self.name}", f"{self.name}Page")["schemas"]
        return {"schemas": {**schemas, self.schema: body_schema(ORDER)}}
