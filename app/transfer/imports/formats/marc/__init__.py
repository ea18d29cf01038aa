"""MARC 21 (loc.gov/marc): the binary form (ISO 2709) and MARCXML."""
