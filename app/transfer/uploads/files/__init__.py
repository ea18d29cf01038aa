"""Receives, sends and removes the files of imports."""
