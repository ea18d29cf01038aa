"""Suggestions: titles and names for a search box that sends a request at each keystroke."""
