"""Celery: the broker, hints, and the worker that runs jobs."""
