"""The operation that profiles a worker."""

from __future__ import annotations

from app.core.fields import Field, WholeNumber
from app.core.openapi.describe import Components, Operation, Schema
from app.core.openapi.operations import body_of
from app.core.openapi.responses import headers
from app.core.openapi.schemas import object_schema, or_null, ref
from app.features.operations import OPERATIONS
from app.http.body import JSON

HTML = "text/html"
SECONDS_DEFAULT, SECONDS_MOST = 5, 30
SECONDS = Field(
    WholeNumber(1, SECONDS_MOST),
    f"How long to sample, {SECONDS_DEFAULT} by default",
    SECONDS_DEFAULT,
    name="seconds",
)
EXAMPLE = {
    "$schema": "https://www.speedscope.app/file-format-schema.json",
    "exporter": "catalog",
    "name": "Worker 4711, 5 s",
    "activeProfileIndex": 0,
    "shared": {
        "frames": [{"name": "requests"}, {"name": "fetch", "file": "extensions/database/engine.py", "line": 117}]
    },
    "profiles": [
        {
            "type": "sampled",
            "name": "Worker 4711, 5 s",
            "unit": "seconds",
            "startValue": 0,
            "endValue": 0.42,
            "samples": [[0, 1]],
            "weights": [0.42],
        }
    ],
}


class CreateProfile(Operation):
    """Samples a worker."""

    tag = OPERATIONS
    problems = frozenset({400, 406, 409, 413, 414, 415, 422, 503})

    def request_body(self, method: str) -> Schema:
        return body_of(method, ref("schemas", "ProfileRequest"), {"profile": {SECONDS.name: SECONDS.example}})

    def responses(self) -> dict[str, Schema]:
        return {
            "200": {
                "description": "The profile: a file for https://www.speedscope.app, or an HTML page",
                "headers": headers("X-Request-ID"),
                "content": {JSON: {"schema": ref("schemas", "Profile"), "example": EXAMPLE}},
            }
        }

    def description(self) -> str:
        return (
            f"With `Accept: {HTML}` the response is a page with the flame graph as an SVG, without scripts. Otherwise "
            "it is a file for speedscope."
        )

    def components(self) -> Components:
        seconds = {**or_null(SECONDS.type.json_schema(sent=True)), "description": SECONDS.help, "examples": [5]}
        return {
            "schemas": {
                "ProfileRequest": {**object_schema({SECONDS.name: seconds}), "required": []},
                "Profile": {"type": "object", "description": "https://www.speedscope.app/file-format-schema.json"},
            }
        }
