"""The operation that lists changes, or follows them as server-sent events."""

from __future__ import annotations

from typing import Any

from app.core.openapi.describe import Components, Schema
from app.core.openapi.schemas import STRING, ref
from app.features.history.feed.openapi import ListChanges
from app.features.history.schema import CHANGE_EXAMPLE

from .events import MEDIA_TYPE

PARAMETER = "changes.last_event_id"


class FollowChanges(ListChanges):
    """The changes behind a position: a page of them, or a stream that goes on."""

    def description(self) -> str:
        return (
            f"With `Accept: {MEDIA_TYPE}`, the response goes on: each change is sent as a server-sent event soon after "
            "its commit. `id` is the position, `event` the op, `data` the change in one line of JSON. A comment every "
            "15 seconds shows that the connection is alive. `limit` is for pages only."
        )

    def parameters(self) -> list[Schema]:
        return [*super().parameters(), ref("parameters", PARAMETER)]

    def responses(self) -> dict[str, Schema]:
        responses = super().responses()
        content: dict[str, Any] = responses["200"]["content"]
        position, op = CHANGE_EXAMPLE["position"], CHANGE_EXAMPLE["op"]
        event = f'id: {position}\nevent: {op}\ndata: {{"position":{position},"op":"{op}",…}}\n\n'
        content[MEDIA_TYPE] = {"schema": {**STRING, "description": "Server-sent events"}, "example": event}
        return responses

    def components(self) -> Components:
        components = super().components()
        parameter = {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The id of the last event that the client has received, from which an event stream "
            "continues; it precedes `since`. Browsers send it. Pages ignore it.",
            "schema": {**STRING, "examples": ["812"]},
        }
        return {**components, "parameters": {**components["parameters"], PARAMETER: parameter}}
