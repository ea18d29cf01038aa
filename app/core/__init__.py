"""The core: turns the declaration of a resource into queries, SQL, responses and documentation.

It does not depend on any entity or feature.
"""
