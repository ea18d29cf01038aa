"""Loading: batches of outcomes are stored in the database, one transaction each.

`batch` collects outcomes as rows for COPY, `staging` copies them into temporary tables, `merge` matches and stores
them with a few statements, `loader` runs this on a separate `connection`, and `checkpoint` saves the progress of an
import.
"""
