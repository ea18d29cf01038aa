"""Suggestions: titles and names for a box that asks at every key."""
