"""Readers: each makes a stream of rows, rejected pieces and skipped records of one format."""
