"""Profiles of a running worker, as flame graphs."""
