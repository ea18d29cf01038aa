"""The log: one line for each request and for each event, as text or as JSON, to standard error."""
