"""Import of files into the catalog, and export of the catalog to files.

`imports` parses a file into prepared records and loads them into the database; `exports` writes the records of one
snapshot to a file; `cli` is the command line of both. They share the records of `records`, the exceptions of `errors`,
the codes of `warning_codes` and the checks of `preconditions`.
"""
