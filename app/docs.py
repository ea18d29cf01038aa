"""The OpenAPI document, and a page to read and try it whose parts all come from here (Swagger UI)."""

from __future__ import annotations

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, current_app

from . import openapi, responses
from .documentation import describe

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Catalog API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, tryItOutEnabled: true,
  displayRequestDuration: true, defaultModelsExpandDepth: 0, validatorUrl: null
});
</script>
</body>
</html>
"""

docs = Blueprint("docs", __name__, static_folder=str(ASSETS), static_url_path="/docs/assets")


@docs.get("/openapi.json")
@describe(gives="OpenApi", tag="service", cached=True)
def document() -> Response:
    """Read this description of the service (OpenAPI 3.1)."""
    responses.require_acceptable()
    return responses.readable(openapi.text(current_app))


@docs.get("/docs")
@describe(gives="Page", tag="service", media_type="text/html", cached=True)
def page() -> Response:
    """Read and try the API in a browser."""
    responses.require_acceptable("text/html")
    return responses.readable(PAGE.encode(), media_type="text/html; charset=utf-8")
