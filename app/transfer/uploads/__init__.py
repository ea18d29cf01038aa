"""Imports over HTTP: an upload is written to disk as it arrives, and a job imports it."""
