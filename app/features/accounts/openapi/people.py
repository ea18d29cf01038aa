"""The operations of accounts: creation, your own account, the first administrator."""

from __future__ import annotations

from typing import Any, TypeVar

from app.core.fields import Field
from app.core.openapi.describe import Components, Schema
from app.core.openapi.operations import WRITES, PatchRecord, ResourceOperation, body_of, json_content
from app.core.openapi.responses import headers
from app.core.openapi.schemas import STRING, object_schema, received_example, record_schemas, ref
from app.features.accounts.registration import ROLE, SIGN_UP
from app.features.accounts.resource import OWN

from .bodies import body_schema

SETUP_PARAMETER: Schema = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "The token of the one-time link that `catalog prepare` prints",
    "schema": STRING,
    "example": "cat_f_…",
}
Resourceful = TypeVar("Resourceful", bound=ResourceOperation)


def own(operation: Resourceful) -> Resourceful:
    """Return an operation on the client's own account, which always exists."""
    operation.problems = operation.problems - {404}
    return operation


class CreateAccount(ResourceOperation):
    """A new account."""

    problems = WRITES - {404, 412}
    schema = "NewAccount"
    further: tuple[Field, ...] = (ROLE,)

    def request_body(self, method: str) -> Schema:
        example = {name: field.example for name, field in SIGN_UP.items()}
        return body_of(method, ref("schemas", self.schema), {"one": example})

    def responses(self) -> dict[str, Schema]:
        return {"201": self.created(), "202": self.accepted()}

    def created(self) -> Schema:
        """Return the response with the new account."""
        return {
            "description": "The new account",
            "headers": headers("Location", "ETag", "X-Request-ID"),
            "content": json_content(self.name, received_example(self.resource)),
        }

    def accepted(self) -> Schema:
        """Return the response that does not tell whether the address was free."""
        return {
            "description": "If the service sends mail: a mail to the address says how to go on, whether or not there "
            "was an account already",
            "headers": headers("X-Request-ID"),
            "content": json_content(
                "Accepted", {"detail": "An e-mail with the next step is being sent to this address."}
            ),
        }

    def components(self) -> Components:
        schemas = {
            **self.schema_components(self.name)["schemas"],
            self.schema: body_schema({**SIGN_UP, **{field.name: field for field in self.further}}),
            "Accepted": object_schema({"detail": STRING}),
        }
        return {"schemas": schemas}


class SetUp(CreateAccount):
    """The first administrator."""

    problems = WRITES - {412}
    schema = "FirstAdministrator"
    further = ()

    def parameters(self) -> list[Schema]:
        return [SETUP_PARAMETER]

    def responses(self) -> dict[str, Schema]:
        return {"201": self.created()}


class PatchOwn(PatchRecord):
    """Some fields of the client's own account; the others are read-only."""

    problems = PatchRecord.problems - {404}
    schema = "OwnAccountPatch"

    def request_body(self, method: str) -> Schema:
        return body_of(method, ref("schemas", self.schema), {"one": {"name": "Ann"}})

    def components(self) -> Components:
        patch = record_schemas(self.resource)[f"{self.name}Patch"]
        properties: dict[str, Any] = {
            name: schema if name in OWN else {**schema, "readOnly": True}
            for name, schema in patch["properties"].items()
        }
        components = self.schema_components(self.name)
        return {"schemas": {**components["schemas"], self.schema: {**patch, "properties": properties}}}
