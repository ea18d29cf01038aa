"""The number that every write moves on: shared by processes and threads, and never going back."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from extensions.generation import Generation
from tests.conftest import ROOT

TURNS, THREADS = 400, 4
PROGRAM = f"""
import sys, threading
from pathlib import Path
from extensions.generation import Generation
generation, faults = Generation(Path(sys.argv[1])), []
print("here", flush=True)
sys.stdin.readline()

def work():
    last = generation.read()
    for _ in range({TURNS}):
        before = generation.read()
        generation.advance()
        after = generation.read()
        if not last <= before < after:
            faults.append((last, before, after))
        last = after

threads = [threading.Thread(target=work) for _ in range({THREADS})]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(faults[:5])
"""


def test_it_begins_at_zero_and_every_process_sees_it_move(tmp_path: Path) -> None:
    one, other = Generation(tmp_path / "generation"), Generation(tmp_path / "generation")
    assert (one.read(), other.read()) == (0, 0)
    one.advance()
    assert (one.read(), other.read()) == (1, 1)
    other.advance()
    assert (one.read(), other.read(), Generation(tmp_path / "generation").read()) == (2, 2, 2)


def test_two_processes_of_many_threads_lose_no_turn_and_never_go_back(tmp_path: Path) -> None:
    path = tmp_path / "generation"
    watched = Generation(path)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "here\n"
    backwards, over = [], threading.Event()

    def watch() -> None:
        last = 0
        while not over.is_set():
            now = watched.read()
            if now < last:
                backwards.append((last, now))
            last = now

    watcher = threading.Thread(target=watch)
    watcher.start()
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]
    over.set()
    watcher.join()
    assert answers == ["[]\n", "[]\n"]
    assert backwards == []
    assert watched.read() == 2 * THREADS * TURNS


@pytest.mark.parametrize("number", [255, 2**16 - 1, 2**32 - 1, 2**63])
def test_it_passes_the_borders_of_bytes(number: int, tmp_path: Path) -> None:
    path = tmp_path / "generation"
    path.write_bytes(number.to_bytes(8, sys.byteorder))
    generation = Generation(path)
    generation.advance()
    assert generation.read() == Generation(path).read() == number + 1


def test_a_folder_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="generation"):
        Generation(tmp_path / "nowhere" / "generation")
