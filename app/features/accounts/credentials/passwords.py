"""Passwords: their rules, and their hashes (argon2id, RFC 9106).

A password is hashed in NFKC, so that it does not depend on the keyboard it is typed on.
"""

from __future__ import annotations

import importlib.util
import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from app.http.problems import Unavailable
from app.values.error_detail import ErrorDetail
from app.values.text import folded

SHORTEST, LONGEST = 12, 256  # code points after NFKC
LONGEST_RAW = 4 * LONGEST  # code points before NFKC, which composes one of at most four; longer text is not normalized
MEMORY, PASSES, LANES = 19 * 1024, 2, 1  # KiB; a hash takes about 20 ms of one core
HASHES_AT_ONCE = 2  # in a process; each takes `MEMORY`, which a worker returns at once (gunicorn.conf.py: mallopt)
MOST_WAITING = 40  # threads that wait for a hash; a worker has at least 74
LONGEST_WAIT = 4.0  # seconds; every request has a response within 5

# The hash of a random password, with the parameters above. It is verified if no account has the e-mail.
DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$6U7JgtZMA0k3Kao+TmQjeA$kYO4X3SvQ4E2iIsBIS/l8f0WAa8DgNV5YXlLWnEBDcU"

_untypable = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
_hasher = PasswordHasher(PASSES, MEMORY, LANES)


class Slots:
    """Bounds how many threads do something costly at once, and how many wait for it."""

    def __init__(self, at_once: int, most_waiting: int, longest_wait: float) -> None:
        self.most_waiting, self.longest_wait = most_waiting, longest_wait
        self._free = threading.BoundedSemaphore(at_once)
        self._waiting = 0
        self._lock = threading.Lock()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a slot, and occupy it.

        Raises `Unavailable` if too many threads wait already, or if the wait takes too long.
        """
        if not self._acquire():
            raise Unavailable("Too many passwords are being checked; try again in 2 seconds.")
        try:
            yield
        finally:
            self._free.release()

    def _acquire(self) -> bool:
        if self._free.acquire(blocking=False):
            return True
        with self._lock:
            if self._waiting >= self.most_waiting:
                return False
            self._waiting += 1
        try:
            return self._free.acquire(timeout=self.longest_wait)
        finally:
            with self._lock:
                self._waiting -= 1


_slots = Slots(HASHES_AT_ONCE, MOST_WAITING, LONGEST_WAIT)


def password_fault(password: str, email: str | None) -> ErrorDetail | None:
    """Return why a text is not allowed as the password of an account, None if it is allowed.

    `email` is that of the account, None if it is not known yet. The sentence shows nothing of the password.
    """
    normal = unicodedata.normalize("NFKC", password) if len(password) <= LONGEST_RAW else password
    if len(normal) > LONGEST:
        return ErrorDetail("too_long", f"This is too long; shorten it to at most {LONGEST} characters.")
    if _untypable.search(normal):
        return ErrorDetail("invalid_character", "This contains a control character or lone surrogate; remove it.")
    if len(normal) < SHORTEST:
        return ErrorDetail("too_short", f"This is too short; use at least {SHORTEST} characters, such as four words.")
    if folded(password) in _commonest() or _is_counted(folded(password)):
        return ErrorDetail("too_common", "This is one of the commonest passwords; choose another one.")
    if email is not None and folded(password.strip()) == folded(email.strip()):
        return ErrorDetail("too_common", "This is the e-mail address of the account; choose another password.")
    return None


def hash_password(password: str) -> str:
    """Return the hash of a password that is allowed, with its salt and parameters. Raises `Unavailable`."""
    with _slots.slot():
        return _hasher.hash(_bytes(password))


def verify(password: str, stored: str | None) -> bool:
    """Whether a password has the stored hash. Any text is accepted. Raises `Unavailable`.

    Without a stored hash, because the account is unknown, or with a damaged one, it takes the same time.
    """
    is_too_long = len(password) > LONGEST_RAW
    given = b"" if is_too_long else _bytes(password)
    with _slots.slot():
        matches = _matches(DUMMY if stored is None else stored, given)
    return matches and stored is not None and not is_too_long


def needs_rehash(stored: str) -> bool:
    """Whether a hash that a password was verified against has other parameters than new ones."""
    return _hasher.check_needs_rehash(stored)


def _is_counted(text: str) -> bool:
    """Whether a text is one repeated digit or consecutive digits; lists of common passwords omit these."""
    if not (text.isascii() and text.isdigit()):
        return False
    steps = {(int(second) - int(first)) % 10 for first, second in pairwise(text)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def _matches(stored: str, given: bytes) -> bool:
    try:
        return _hasher.verify(stored, given)
    except VerificationError:
        return False
    except ValueError:  # not a hash
        _matches(DUMMY, given)
        return False


def _bytes(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1)
def _commonest() -> frozenset[str]:
    """Return those of the commonest passwords that are not too short, in lower case.

    They are the list of zxcvbn, which has the 30,000 commonest. Only the module with the lists is loaded, and released
    again, because the package takes 16 MB of memory. Loading the lists takes 30 ms, once.
    """
    package = importlib.util.find_spec("zxcvbn")
    if package is None or not package.submodule_search_locations:
        raise ImportError("zxcvbn is not installed; install the packages of requirements.txt.")
    path = Path(package.submodule_search_locations[0]) / "frequency_lists.py"
    spec = importlib.util.spec_from_file_location("catalog_frequency_lists", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be read; install the packages of requirements.txt again.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ranked: list[str] = module.FREQUENCY_LISTS["passwords"]
    return frozenset(password for password in ranked if len(password) >= SHORTEST)
