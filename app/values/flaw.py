"""A flaw: why one value is not what its field takes."""

from __future__ import annotations

from typing import NoReturn

from schema import SchemaError


class Flaw(str):
    """One sentence for the person who sent the value, with the ``code`` that programs read.

    It is a string so that it passes through ``schema``'s combinators unharmed: ``And`` and ``Use`` wrap a
    ``SchemaError`` into a new one, and keep nothing of the first but the items of its ``errors``.
    """

    code: str

    def __new__(cls, code: str, detail: str) -> Flaw:
        flaw = super().__new__(cls, detail)
        flaw.code = code
        return flaw


def reject(code: str, detail: str) -> NoReturn:
    """Raise the ``SchemaError`` that carries ``Flaw(code, detail)``."""
    raise SchemaError(None, [Flaw(code, detail)])


def flaw_in(error: SchemaError) -> Flaw:
    """The flaw that a ``SchemaError`` carries, whatever combinators it came through."""
    for item in error.errors:
        if isinstance(item, Flaw):
            return item
    return Flaw("invalid", error.code)
