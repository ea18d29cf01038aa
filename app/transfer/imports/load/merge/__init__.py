"""Merging: staged records are matched with those of the catalog, which are created or updated."""
