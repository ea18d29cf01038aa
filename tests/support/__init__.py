"""Shared parts of the tests: databases, applications, servers, clients, example records."""
