"""Secrets: opaque random texts with a checksum, of which only the digest is stored.

Their form is that of GitHub's tokens: a prefix that makes them recognizable in logs and repositories, 256 random bits,
and a CRC-32 of both, so that a mistyped or invented secret is refused without a query.
"""

from __future__ import annotations

import enum
import hashlib
import re
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_BITS = 256
RANDOM_LENGTH = 43  # digits of 256 bits in base 62
CHECKSUM_LENGTH = 6  # digits of 32 bits in base 62
HINT_LENGTH = 4

_form = re.compile(rf"cat_[a-z]_[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}", re.ASCII)


class Kind(enum.Enum):
    """What a secret is for. The value is its prefix."""

    SESSION = "cat_s_"  # a sign-in
    KEY = "cat_k_"  # a program
    RESET = "cat_r_"  # a new password, once
    SETUP = "cat_f_"  # the first administrator, once


@dataclass(frozen=True)
class Secret:
    """A secret as its owner receives it, once, and what the service stores of it."""

    text: str = field(repr=False)
    digest: bytes  # SHA-256 of the text
    hint: str  # the last four characters


def new_secret(kind: Kind) -> Secret:
    """Return a new random secret."""
    return secret_of(kind, secrets.randbits(RANDOM_BITS))


def secret_of(kind: Kind, number: int) -> Secret:
    """Return the secret of a kind with 256 given bits."""
    start = kind.value + base62(number, RANDOM_LENGTH)
    text = start + _checksum(start)
    return Secret(text, digest_of(text), text[-HINT_LENGTH:])


def digest_of(text: str) -> bytes:
    """Return what is stored of a secret: the SHA-256 of any text. 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def is_well_formed(text: str, kinds: Collection[Kind]) -> bool:
    """Whether a text has prefix, length, alphabet and checksum of a secret of these kinds."""
    if not _form.fullmatch(text) or not any(text.startswith(kind.value) for kind in kinds):
        return False
    return text[-CHECKSUM_LENGTH:] == _checksum(text[:-CHECKSUM_LENGTH])


def base62(number: int, length: int) -> str:
    """Return a number with a fixed count of digits 0-9, A-Z, a-z. Raises `OverflowError` if it has more."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    if number:
        raise OverflowError(f"the number has more than {length} digits")
    return "".join(reversed(digits))


def _checksum(start: str) -> str:
    return base62(zlib.crc32(start.encode("ascii")), CHECKSUM_LENGTH)
