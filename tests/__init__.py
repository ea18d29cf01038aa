"""The tests: `app` and `extensions` mirror the code, `contract` is what a client sees, `support` what they share."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
