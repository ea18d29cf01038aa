"""The work of a view: read, write, page and stream records."""
