"""The transfer: what comes into the catalog from files, and goes out of it.

On the way in, a file becomes a stream of outcomes (`intake`), one for each record, and the database is not asked:
`sources` opens it, `guessing` says what it is, a reader of `readers` makes rows of it, `mending` and `preparing` make
valid records of the rows, and what cannot be stored is written by `rejects`.

On the way out, `exporting` reads the records of one moment, a writer (`writers`, and the core's ``representations``)
makes the format's bytes of them, and `targets` opens what they are written to.
"""
