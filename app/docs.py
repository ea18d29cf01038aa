"""The OpenAPI document, and a page to read and try it whose parts all come from here (Swagger UI)."""

from __future__ import annotations

from flask import Blueprint, Response, current_app
from flask_swagger_ui import get_swaggerui_blueprint

from . import openapi, responses
from .documentation import describe

docs = Blueprint("docs", __name__)


@docs.get("/openapi.json")
@describe(gives="OpenApi", tag="service", strict=False)
def document() -> Response:
    """Read this description of the service (OpenAPI 3.1)."""
    responses.require_acceptable()
    return responses.readable(openapi.text(current_app))


_swagger = get_swaggerui_blueprint(
    "/docs",
    "/openapi.json",
    config={"app_name": "Catalog", "layout": "BaseLayout", "deepLinking": True, "tryItOutEnabled": True,
            "displayRequestDuration": True, "validatorUrl": None, "defaultModelsExpandDepth": 0},
)  # fmt: skip
docs.register_blueprint(_swagger)
