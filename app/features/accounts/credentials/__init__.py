"""Credentials: passwords, tokens and one-time links, and the identities that tokens prove."""
