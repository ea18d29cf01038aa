"""Operations: what administrators and monitoring systems see of the running service."""

from app.core.openapi import Tag

OPERATIONS = Tag("operations", "The state and the load of the service.")
