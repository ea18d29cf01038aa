"""A file as a stream of outcomes: what the command calls, and the merge reads.

::

    with intake.open("books.csv.gz", Wishes(source="shop")) as incoming:
        print(incoming.guess)             # "comma-separated, UTF-8, gzip; ..." said before anything is written
        rejects = incoming.rejects(path)  # in the input's own format
        for outcome in incoming:          # Prepared, Skipped, Rejected
            ...
        incoming.counts                   # rows, records, prepared, skipped, rejected, mends by kind
        incoming.position, incoming.size  # bytes of the file as it lies there, for the progress bar; size None: unknown

Raises `Unreadable` where the file cannot be used at all, on opening, and `BreaksOff` in the middle of iteration where
it cannot be read further (a truncated gzip, an array of JSON that ends): what came before stands.
"""
