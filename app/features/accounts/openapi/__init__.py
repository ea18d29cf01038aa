"""The operations of accounts and tokens."""
