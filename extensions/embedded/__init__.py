"""The embedded Postgres, which runs if `DATABASE_URL` is unset."""
