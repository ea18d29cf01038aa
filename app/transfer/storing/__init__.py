"""Storing: chunks of prepared records, merged with what the catalog has by a few statements each.

`staging` brings a chunk into temporary tables; `people` finds, makes and changes authors; `books` does so with books
and their contributors; `restoring` puts records back as they were; `catalog` runs them in one transaction per chunk;
`refusals` tells the errors that are about a record.
"""
