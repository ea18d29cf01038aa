"""Passwords: what is allowed as one, and their hashes."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from unittest import mock

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.accounts.credentials import passwords
from app.features.accounts.credentials.passwords import (
    DUMMY,
    HASHES_AT_ONCE,
    LONGEST_RAW,
    MOST_WAITING,
    Slots,
    hash_password,
    needs_rehash,
    password_fault,
    verify,
)
from app.http.problems import CODES, Unavailable
from tests import ROOT

GOOD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # for tests of texts, whatever a hash costs
ANY_TEXT = st.text(st.characters(codec=None), max_size=400)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        (GOOD, None),
        ("a" * 11, "too_short"),
        ("a" * 12, None),
        ("a" * 256, None),
        ("a" * 257, "too_long"),
        ("e\u0301" * 256, None),
        ("e\u0301" * 257, "too_long"),
        ("e\u0301" * 11, "too_short"),
        ("\ufdfa", None),
        ("\ufdfa" * 15, "too_long"),
        ("📚" * 12, None),
        ("📚" * 11, "too_short"),
        ("\u1f82" * 256, None),
        ("a" * 1_000_000, "too_long"),
        ("e" + "\u0301" * 1_000_000, "too_long"),
        ("", "too_short"),
        ("correct horse\0battery", "invalid_character"),
        ("correct horse\tbattery", "invalid_character"),
        ("correct horse\ud800battery", "invalid_character"),
        ("1qaz2wsx3edc", "too_common"),
        ("JustinBieber", "too_common"),
        ("password1234", "too_common"),
        ("123456789012", "too_common"),
        ("098765432109", "too_common"),
        ("777777777777", "too_common"),
        ("123456789013", None),
        ("ｊｕｓｔｉｎｂｉｅｂｅｒ", "too_common"),
        ("justinbieber2", None),
        ("ann.smith@example.com", "too_common"),
        ("Ann.Smith@EXAMPLE.com", "too_common"),
        (" ann.smith@example.com", "too_common"),
        ("ann.smith@example.co", None),
    ],
)
def test_a_password_has_a_length_and_is_not_obvious(password: str, code: str | None) -> None:
    fault = password_fault(password, "Ann.Smith@example.com")
    assert (fault and fault.code) == code


def test_an_unknown_address_forbids_no_password() -> None:
    assert password_fault("ann.smith@example.com", None) is None


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_is_judged(password: str, email: str) -> None:
    fault = password_fault(password, email)
    assert fault is None or fault.code in CODES


@pytest.mark.parametrize("password", ["tooshort", "1qaz2wsx3edc", "secret\0secret", "zebra" * 100, "ann@example.com"])
def test_a_fault_shows_nothing_of_the_password(password: str) -> None:
    fault = password_fault(password, "ann@example.com")
    assert fault is not None
    assert password not in fault
    assert "\0" not in fault
    assert fault.endswith(".")


def test_the_list_is_read_without_the_rest_of_zxcvbn() -> None:
    code = (
        "import sys; from app.features.accounts.credentials import passwords\n"
        "assert not any('frequency' in name or 'zxcvbn' in name for name in sys.modules)\n"
        "assert passwords.password_fault('1qaz2wsx3edc', None).code == 'too_common'\n"
        "assert len(passwords._commonest()) == 229\n"
        "assert not any('frequency' in name or 'zxcvbn' in name for name in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_hash_verifies_its_password_alone() -> None:
    stored = hash_password(GOOD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != hash_password(GOOD)
    assert verify(GOOD, stored)
    assert not verify(f"{GOOD} ", stored)


@pytest.mark.parametrize(
    ("first", "second"),
    [("re\u0301sume\u0301 re\u0301sume\u0301", "résumé résumé"), ("Å" * 12, "\u212b" * 12), ("ab" * 6, "ａｂ" * 6)],
    ids=["decomposed", "Ångström sign", "full width"],
)
def test_a_password_is_the_same_in_all_its_forms(first: str, second: str) -> None:
    assert verify(second, hash_password(first))
    assert verify(first, hash_password(second))


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(codec=None), max_size=256))
def test_any_text_verifies_against_its_own_hash(password: str) -> None:
    with mock.patch.object(passwords, "_hasher", CHEAP):
        stored = hash_password(password)
        assert verify(password, stored)
        assert not verify(f"{password}\0", stored)


@pytest.mark.parametrize(
    "password",
    ["", "\0", "\ud800", "📚" * 300, "\ufdfa" * 1024, "e" + "\u0301" * 1_000_000, "a" * 1_000_000],
    ids=["empty", "NUL", "surrogate", "emoji", "ligatures", "tall stack", "a megabyte"],
)
@pytest.mark.parametrize("stored", [DUMMY, None, "", "!", "é", "$argon2id$v=19$m=19456,t=2,p=1$AA"])
def test_a_wrong_password_of_any_form_is_refused(password: str, stored: str | None) -> None:
    assert not verify(password, stored)


def test_a_long_password_is_not_the_empty_one() -> None:
    assert not verify("a" * (LONGEST_RAW + 1), hash_password(""))


def test_the_dummy_hash_costs_as_much_as_others() -> None:
    assert not needs_rehash(DUMMY)


@pytest.mark.parametrize(
    ("stored", "is_old"),
    [
        (DUMMY, False),
        (DUMMY.replace("m=19456", "m=65536"), True),
        (DUMMY.replace("t=2", "t=3"), True),
        (DUMMY.replace("argon2id", "argon2i"), True),
    ],
)
def test_a_hash_with_other_parameters_is_renewed(stored: str, is_old: bool) -> None:
    assert needs_rehash(stored) == is_old


def test_a_thread_too_many_is_turned_away() -> None:
    slots = Slots(2, most_waiting=1, longest_wait=60)
    waiter_runs = threading.Event()

    def wait() -> None:
        with slots.slot():
            waiter_runs.set()

    with ExitStack() as occupied:
        for _ in range(2):
            occupied.enter_context(slots.slot())
        waiter = threading.Thread(target=wait)
        waiter.start()
        while not slots._waiting:
            waiter_runs.wait(0.01)
        with pytest.raises(Unavailable) as error, slots.slot():
            pass
        assert not waiter_runs.is_set()
    waiter.join(60)
    assert waiter_runs.is_set()
    assert (error.value.status, dict(error.value.headers)["Retry-After"]) == (503, "2")


def test_a_thread_waits_for_a_bounded_time() -> None:
    slots = Slots(1, most_waiting=5, longest_wait=0.01)
    with slots.slot(), pytest.raises(Unavailable), slots.slot():
        pass
    with slots.slot():
        assert slots._waiting == 0


def test_a_failure_frees_its_slot() -> None:
    slots = Slots(1, most_waiting=0, longest_wait=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), slots.slot():
            raise ZeroDivisionError


def test_many_hashes_at_once_take_little_memory() -> None:
    code = (
        "import ctypes; glibc = ctypes.CDLL(None); glibc.mallopt(-8, 2); glibc.mallopt(-3, 1 << 20)\n"  # as a worker
        "import re, threading; from pathlib import Path\n"
        "from app.features.accounts.credentials.passwords import DUMMY, verify\n"
        "status = lambda: Path('/proc/self/status').read_text()\n"
        "memory = lambda name: int(re.search(name + r':\\s+(\\d+)', status())[1]) // 1024\n"
        "before = memory('VmRSS')\n"
        "threads = [threading.Thread(target=verify, args=('x', DUMMY)) for _ in range(32)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "print(memory('VmHWM') - before)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert int(result.stdout) < 50, result.stderr


def test_many_hashes_at_once_all_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_slots", Slots(HASHES_AT_ONCE, MOST_WAITING, longest_wait=60))
    stored, matches = hash_password(GOOD), []
    threads = [threading.Thread(target=lambda: matches.append(verify(GOOD, stored))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert matches == [True] * 12
