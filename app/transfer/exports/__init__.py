"""The export: writes the catalog, or a part of it, to a file."""
