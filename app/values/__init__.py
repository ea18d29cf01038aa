"""The values of a catalog: text, partial dates, ISBNs, language tags and names.

Each module is one noun, pure and free of Flask and the database. What reads a value takes a string and
returns it in the one form in which it is stored, or raises ``schema.SchemaError`` that holds a ``Flaw``.
"""
