"""Probable duplicates among books and among authors."""
