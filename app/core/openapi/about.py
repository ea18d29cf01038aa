"""The name and the version of the service, and its description in OpenAPI."""

NAME = "Catalog"
VERSION = "0.1.0"
SUMMARY = "A catalog of books and authors."
DESCRIPTION = (
    "Books, their contributors, and authors: read with pages, filters and fields; "
    "written one by one or in batches. Every error is `application/problem+json` (RFC 9457)."
)
