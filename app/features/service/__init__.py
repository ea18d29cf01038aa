"""The service itself: home page, problem descriptions, health, documentation."""

from app.core.openapi import Tag

SERVICE = Tag("service", "The service itself.")
