"""Preparation: raw records are cleaned and validated, and become outcomes."""
