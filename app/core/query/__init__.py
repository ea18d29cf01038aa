"""From the query string of a URL to a `Query`."""
