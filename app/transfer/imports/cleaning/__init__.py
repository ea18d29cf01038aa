"""Cleaning: pure functions from raw values to values in stored form.

Each returns the certain part of a value, and the codes of its warnings (`app.transfer.warning_codes`). Uncertain parts
are left out; nothing is invented.
"""
