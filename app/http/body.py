"""The body of a request: size, media type, syntax, checked in this order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_options_header

from app.values.json_value import Json
from app.values.text import showable

from .problems import BadRequest, ContentTooLarge, Fault, InvalidJson, Problem, UnsupportedMediaType

DEEPEST = 32  # levels of nesting
# More than any body of records has, and few enough to be parsed in a fraction of a second.
MOST_VALUES = 1_500_000
MOST_CONTAINERS = 200_000  # objects and arrays
FEW_VALUES = 1_000  # with few values, many containers are nested too deeply, which the parser finds at once
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
View = TypeVar("View", bound=Callable[..., Any])
KEPT = "catalog.body"  # key of the environ: the body that `keep_body` read, or the `Problem` with it


def streams_body(view: View) -> View:
    """Declare that a view reads its body while it arrives.

    Such a view runs before the body has arrived, and handles its Idempotency-Key itself. Its path has no arguments.
    """
    view.streams_body = True  # type: ignore[attr-defined]
    return view


def is_streaming(view: Callable[..., Any]) -> bool:
    """Whether a view reads its body while it arrives."""
    return bool(getattr(view, "streams_body", False))


def streaming_routes(app: Flask) -> frozenset[tuple[str, str]]:
    """Return method and path of all views that read their body while it arrives."""
    return frozenset(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if is_streaming(app.view_functions[rule.endpoint])
        for method in (rule.methods or set()) - {"OPTIONS"}
    )


def media_types(method: str) -> tuple[str, ...]:
    """Return the media types that the body of a method may have."""
    return (JSON, MERGE_PATCH) if method == "PATCH" else (JSON,)


def has_body() -> bool:
    """Whether the current request has a body."""
    return bool(request.content_length or "HTTP_TRANSFER_ENCODING" in request.environ)


def read_json() -> Json:
    """Return the JSON value in the body of the current request.

    Raises `ContentTooLarge`, `UnsupportedMediaType` or `InvalidJson`. A body whose Content-Length exceeds the limit
    is not read.
    """
    _refuse_large()
    _require_media_type(media_types(request.method))
    kept: bytes | Problem | None = request.environ.get(KEPT)
    if isinstance(kept, Problem):
        raise kept
    return parse_json(_read() if kept is None else kept)


def keep_body() -> bytes:
    """Read the body of the current request, so that `read_json` can read it any number of times.

    Raises `ContentTooLarge` or `BadRequest`, which `read_json` then raises, too.
    """
    try:
        _refuse_large()
        request.environ[KEPT] = body = _read()
    except Problem as problem:
        request.environ[KEPT] = problem
        raise
    return body


def _refuse_large() -> None:
    most = current_app.config["MAX_CONTENT_LENGTH"]
    if (request.content_length or 0) > most:
        raise _too_large(most)


def _read() -> bytes:
    most = current_app.config["MAX_CONTENT_LENGTH"]
    try:
        # A chunked body has no Content-Length, and Werkzeug would silently truncate it at the limit.
        is_chunked = request.content_length is None and request.environ.get("wsgi.input_terminated")
        data: bytes = request.environ["wsgi.input"].read(most + 1) if is_chunked else request.get_data(cache=False)
    except (ClientDisconnected, OSError):
        raise BadRequest("The body was incomplete or arrived too slowly; send it again.") from None
    if len(data) > most:
        raise _too_large(most)
    return data


def parse_json(data: bytes) -> Json:
    """Parse a JSON text (RFC 8259) strictly; raises `InvalidJson`.

    It must be UTF-8 without byte order mark, NaN, duplicate keys, or more than 32 levels. Raises `ContentTooLarge` if
    it has more values than can be parsed quickly.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(
            "invalid_character", f"The body is not UTF-8 (byte {error.start}); encode it as UTF-8."
        ) from None
    if text.startswith("\ufeff"):
        raise _invalid("invalid_character", "The body starts with a byte order mark; remove it.")
    _refuse_many_values(text)
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        detail = f"Not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        if not text.strip():
            detail = "The body is empty; send a JSON object."
        raise _invalid("invalid", detail) from None
    except RecursionError:
        raise _invalid("too_deep", f"The JSON is nested deeper than {DEEPEST} levels; flatten it.") from None
    if _is_deeper(value, DEEPEST):
        raise _invalid("too_deep", f"The JSON is nested deeper than {DEEPEST} levels; flatten it.")
    return value


def _require_media_type(allowed: tuple[str, ...]) -> None:
    sent, parameters = parse_options_header(request.headers.get("Content-Type", ""))
    charset = parameters.get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if sent.lower() in allowed and charset in ("utf-8", "utf8") and encoding in ("identity", ""):
        return
    if encoding not in ("identity", ""):
        detail, header = "The body is compressed; send it uncompressed.", "Content-Encoding"
    elif not sent:
        detail, header = f"The header Content-Type is missing; send Content-Type: {allowed[0]}.", "Content-Type"
    else:
        shown = showable(request.headers["Content-Type"])
        detail = f"A body of type {shown} is not supported; send Content-Type: {allowed[0]}."
        header = "Content-Type"
    accept = [("Accept-Patch" if request.method == "PATCH" else "Accept-Post", ", ".join(allowed))]
    raise UnsupportedMediaType.from_fault(Fault("header", header, "not_allowed", detail), accept)


def _too_large(most: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body has more than {most:,} bytes; send fewer records in one request.")


def _refuse_many_values(text: str) -> None:
    """Raise `ContentTooLarge` if a JSON text has too many values."""
    # Strings are left out only then, because that takes longer.
    if _has_many_values(text) and _has_many_values(_without_strings(text)):
        raise ContentTooLarge(
            f"The body has more than {MOST_CONTAINERS:,} objects and arrays, or more than {MOST_VALUES:,} values; "
            "send fewer records in one request."
        )


def _has_many_values(text: str) -> bool:
    values, containers = text.count(","), text.count("{") + text.count("[")
    return values >= MOST_VALUES or (containers > MOST_CONTAINERS and values > FEW_VALUES)


def _without_strings(text: str) -> str:
    return "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])


def _decode(text: str) -> Json:
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # Python refuses to parse an integer of more than 4,300 digits
        return _decoder_of_long_integers.decode(text)


def _invalid(code: str, detail: str) -> InvalidJson:
    return InvalidJson.from_fault(Fault("body", "", code, detail))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        repeated = _first_repeated(name for name, _ in pairs)
        raise _invalid("duplicate", f"The key {json.dumps(repeated)} occurs twice in one object; remove one.")
    return members


def _first_repeated(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    raise LookupError("no name is repeated")


def _constant(word: str) -> Any:
    raise _invalid("invalid", f"{word} is not a JSON value; send a number or null.")


def _integer(digits: str) -> int:
    return int(digits[:40])  # enough to be out of range everywhere


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
# Slower, because it calls a function for each integer.
_decoder_of_long_integers = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)


_CONTAINERS = frozenset((list, dict))


def _is_deeper(value: Json, levels: int) -> bool:
    """Whether a value is nested deeper than `levels`. Not recursive."""
    layer = [value]
    for _ in range(levels):
        members = [
            container.values() if isinstance(container, dict) else container
            for container in layer
            if isinstance(container, list | dict)
        ]
        # Most containers have no others, which their types show at once.
        layer = [item for items in members if not _CONTAINERS.isdisjoint(map(type, items)) for item in items]
    return any(isinstance(item, list | dict) for item in layer)
