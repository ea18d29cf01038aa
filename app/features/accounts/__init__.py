"""Accounts: people and programs, their passwords and tokens, and what each of them may do."""
