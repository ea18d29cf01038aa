"""The import of files into the catalog.

::

    files      the input file, opened and decompressed; its options and detected format; rejected records
    formats    format detection, and a parser for each format
    tables     for CSV and TSV: the dialect, the columns, and rows as records
    cleaning   raw values → values in stored form
    prepare    raw records → valid records
    pipeline   all of these for one file: a stream of outcomes
    load       outcomes → the database
    importer   files → the catalog
"""
