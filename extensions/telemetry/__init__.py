"""Timing of requests, and where it goes: `Server-Timing`, traces, the log of slow statements."""
