"""The body of a request: its size, its type and its syntax, judged in this order, before anything of it is used."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_options_header

from .problems import BadRequest, ContentTooLarge, Fault, InvalidJson, UnsupportedMediaType
from .values.text import showable
from .vocabulary import Json

DEEPEST = 32
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


def media_types(method: str) -> tuple[str, ...]:
    """The types of body that a method takes."""
    return (JSON, MERGE_PATCH) if method == "PATCH" else (JSON,)


def is_there() -> bool:
    """Whether the current request bears a body at all."""
    return bool(request.content_length or "HTTP_TRANSFER_ENCODING" in request.environ)


def read() -> Json:
    """The JSON value that the current request bears.

    Raises `ContentTooLarge`, `UnsupportedMediaType` or `InvalidJson`. A body that says it is over the cap is not
    read at all.
    """
    most = current_app.config["MAX_CONTENT_LENGTH"]
    if (request.content_length or 0) > most:
        raise _too_large(most)
    _judge_type(media_types(request.method))
    try:
        # A body that comes in chunks says no length, and werkzeug would cut it off at the cap without a word.
        chunked = request.content_length is None and request.environ.get("wsgi.input_terminated")
        data = request.environ["wsgi.input"].read(most + 1) if chunked else request.get_data(cache=False)
    except (ClientDisconnected, OSError):
        raise BadRequest("The body ended, or came too slowly, before the length that was announced.") from None
    if len(data) > most:
        raise _too_large(most)
    return parse(data)


def parse(data: bytes) -> Json:
    """The value of one JSON text (RFC 8259), read strictly: UTF-8, no byte order mark, no NaN, no duplicate keys,
    no more than 32 levels. Raises `InvalidJson`.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _broken(
            "invalid_character", f"The body is not UTF-8: byte {error.start} does not belong there."
        ) from None
    if text.startswith("\ufeff"):
        raise _broken("invalid_character", "The body begins with a byte order mark; send it without.")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        detail = f"The JSON breaks off at line {error.lineno}, column {error.colno}: {error.msg}."
        raise _broken("invalid", detail) from None
    except RecursionError:
        raise _broken("too_deep", f"The JSON is nested deeper than {DEEPEST} levels.") from None
    if _deeper_than(value, DEEPEST):
        raise _broken("too_deep", f"The JSON is nested deeper than {DEEPEST} levels.")
    return value


def _judge_type(allowed: tuple[str, ...]) -> None:
    sent, parameters = parse_options_header(request.headers.get("Content-Type", ""))
    charset = parameters.get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if sent.lower() in allowed and charset in ("utf-8", "utf8") and encoding in ("identity", ""):
        return
    if encoding not in ("identity", ""):
        detail, header = "A compressed body is not taken; send it plain.", "Content-Encoding"
    elif not sent:
        detail, header = f"The body's type is missing; send Content-Type: {allowed[0]}.", "Content-Type"
    else:
        shown = showable(request.headers["Content-Type"])
        detail = f"A body of type {shown} is not taken; send Content-Type: {allowed[0]}."
        header = "Content-Type"
    accept = [("Accept-Patch" if request.method == "PATCH" else "Accept-Post", ", ".join(allowed))]
    raise UnsupportedMediaType(detail, [Fault("header", header, "not_allowed", detail)], accept)


def _too_large(most: int) -> ContentTooLarge:
    return ContentTooLarge(f"A body may have {most:,} bytes; send fewer records at once.")


def _broken(code: str, detail: str) -> InvalidJson:
    return InvalidJson(detail, [Fault("body", "", code, detail)])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        detail = f"The key {json.dumps(twice)} stands twice in one object."
        raise InvalidJson(detail, [Fault("body", "", "duplicate", detail)])
    return found


def _constant(word: str) -> Any:
    raise _broken("invalid", f"{word} is no JSON value; send null for what is unknown.")


def _integer(digits: str) -> int:
    # Python refuses to read more than 4,300 digits; past any limit of ours the rest makes no difference.
    return int(digits[:40])


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)


def _deeper_than(value: Json, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            item
            for container in layer
            if isinstance(container, list | dict)
            for item in (container.values() if isinstance(container, dict) else container)
        ]
    return any(isinstance(item, list | dict) for item in layer)
