"""Tests of the history of one record."""
