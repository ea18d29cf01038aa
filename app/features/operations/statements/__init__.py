"""The statements that take the time of Postgres, each with the routes that send it."""
