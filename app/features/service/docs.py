"""The OpenAPI document, and a page to read and try it.

The page is Swagger UI with the filters folded. All its files are served from here: those of Swagger UI below
``/docs/assets``, and its own, in ``static/``, below ``/docs/page``.
"""

from __future__ import annotations

from pathlib import Path

import click
import flask_swagger_ui
from flask import Blueprint, Response, current_app, send_from_directory

from app.core.openapi import describe, document_json
from app.core.openapi.about import NAME, VERSION
from app.core.openapi.operations import ReadDocument
from app.http.access.rights import OPEN, requires
from app.http.headers.negotiation import require_acceptable
from app.http.responses import read_response
from app.http.urls import link

from . import SERVICE

SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
OWN_FILES = Path(__file__).parent / "static"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Catalog API</title>
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
<link rel="stylesheet" href="{root}/docs/page/docs.css">
<link rel="icon" href="{root}/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui" data-url="{root}/openapi.json"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/page/docs.js"></script>
</body>
</html>
"""

# Swagger UI styles its elements inline and has its icons in data URLs. Its scripts come from files alone.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

docs = Blueprint("docs", __name__)


@docs.get("/openapi.json")
@describe(
    ReadDocument(
        SERVICE,
        {"OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]}},
        {"openapi": "3.1.0", "info": {"title": NAME, "version": VERSION}, "paths": {}},
        cached=True,
    ),
    link="openapi",
)
@requires(OPEN)
def document() -> Response:
    """Read this description of the service (OpenAPI 3.1)."""
    require_acceptable()
    return read_response(document_json(current_app))


@docs.get("/docs")
@describe(
    ReadDocument(SERVICE, {"Page": {"type": "string"}}, "<!doctype html>", media_type="text/html", cached=True),
    link="docs",
)
@requires(OPEN)
def page() -> Response:
    """Read and try the API in a browser."""
    require_acceptable("text/html")
    return read_response(
        PAGE.format(root=link("")).encode(), [("Content-Security-Policy", CSP)], media_type="text/html; charset=utf-8"
    )


@docs.get("/docs/assets/<path:name>")
@requires(OPEN)
def assets(name: str) -> Response:
    """Return a file of Swagger UI."""
    return send_from_directory(SWAGGER_UI, name)


@docs.get("/docs/page/<path:name>")
@requires(OPEN)
def page_static(name: str) -> Response:
    """Return a script or style sheet of the page; they are files, so that the page needs no inline script."""
    return send_from_directory(OWN_FILES, name)


@docs.cli.command("openapi")
def print_openapi() -> None:
    """Print the OpenAPI document."""
    click.echo(document_json(current_app).decode())
