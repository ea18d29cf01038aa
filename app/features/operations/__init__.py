"""Operations: metrics for a monitoring system."""

from app.core.openapi import Tag

OPERATIONS = Tag("operations", "The state and the load of the service.")
