"""The values of a catalog: text, partial dates, ISBNs, languages and names.

The modules do not depend on Flask or the database. A function that parses a value takes a string and returns it in its
stored form, or raises a ``schema.SchemaError`` with an ``ErrorDetail``.
"""
