"""The OpenAPI 3.1 document, made from routes, resources and fields.

Each view is described by an ``Operation``: those of resources are in ``operations``; a feature brings its own.
"""

from .describe import Operation, Schema, Tag, describe, links_of
from .document import document, document_json

__all__ = ["Operation", "Schema", "Tag", "describe", "document", "document_json", "links_of"]
