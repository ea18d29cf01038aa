"""The methods and headers of requests from other origins (CORS)."""

CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CORS_HEADERS = (
    "Accept",
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Change-Note",
    "X-Request-ID",
)
CORS_EXPOSED = (
    "ETag",
    "Link",
    "Location",
    "X-Total-Count",
    "X-Request-ID",
    "Cache-Status",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "WWW-Authenticate",
    "Idempotent-Replayed",
    "X-Change-Position",
)
