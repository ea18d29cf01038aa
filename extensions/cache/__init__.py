"""The response cache, and the generations that invalidate it."""

from .generation import Area
from .local import unstamp
from .response_cache import ResponseCache, create_cache

CACHE = "catalog.cache"  # key in the application's extensions

__all__ = ["CACHE", "Area", "ResponseCache", "create_cache", "unstamp"]
