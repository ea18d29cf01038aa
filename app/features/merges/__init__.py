"""Merging duplicate records, and undoing it."""
