"""Why a value is invalid: a code for programs and a sentence for people."""

from __future__ import annotations

from typing import NoReturn

from schema import SchemaError


class ErrorDetail(str):
    """One sentence about an invalid value, with the ``code`` that programs read.

    It is a string, because ``And`` and ``Use`` of ``schema`` wrap a ``SchemaError`` in a new one and keep only the
    strings in its ``errors``.
    """

    code: str

    def __new__(cls, code: str, detail: str) -> ErrorDetail:
        error = super().__new__(cls, detail)
        error.code = code
        return error


def reject(code: str, detail: str) -> NoReturn:
    """Raise a ``SchemaError`` with ``ErrorDetail(code, detail)``."""
    raise SchemaError(None, [ErrorDetail(code, detail)])


def detail_in(error: SchemaError) -> ErrorDetail:
    """Return the ``ErrorDetail`` of a ``SchemaError``."""
    for item in error.errors:
        if isinstance(item, ErrorDetail):
            return item
    return ErrorDetail("invalid", error.code)
