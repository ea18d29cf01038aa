"""The description of the service (OpenAPI 3.1), made from its routes, resources and fields alone.

``document`` puts it together from ``operations`` (what a route takes and gives), ``parameters`` and ``schemas``.
"""

from .document import document, text

__all__ = ["document", "text"]
