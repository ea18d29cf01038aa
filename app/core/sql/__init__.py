"""From a `Query` to a SQL statement and its values."""
