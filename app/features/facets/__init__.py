"""Facets: counts for the filters of the list of books."""
