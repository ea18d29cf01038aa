"""The generation, shared by processes and threads, only increases."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from extensions.cache.generation import Generation
from tests import ROOT

ADVANCES, THREADS = 400, 4
PROGRAM = f"""
import sys, threading
from pathlib import Path
from extensions.cache.generation import Generation
generation, faults = Generation(Path(sys.argv[1])), []
print("ready", flush=True)
sys.stdin.readline()

def work():
    last = generation.read()
    for _ in range({ADVANCES}):
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


def test_every_process_sees_the_generation_advance(tmp_path: Path) -> None:
    first, second = Generation(tmp_path / "generation"), Generation(tmp_path / "generation")
    assert (first.read(), second.read()) == (0, 0)
    first.advance()
    assert (first.read(), second.read()) == (1, 1)
    second.advance()
    assert (first.read(), second.read(), Generation(tmp_path / "generation").read()) == (2, 2, 2)


def test_concurrent_advances_are_all_counted(tmp_path: Path) -> None:
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
        assert process.stdout.readline() == "ready\n"
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
    outputs = [process.communicate(timeout=240)[0] for process in processes]
    over.set()
    watcher.join()
    assert outputs == ["[]\n", "[]\n"]
    assert backwards == []
    assert watched.read() == 2 * THREADS * ADVANCES


@pytest.mark.parametrize("number", [255, 2**16 - 1, 2**32 - 1, 2**63])
def test_the_generation_crosses_byte_boundaries(number: int, tmp_path: Path) -> None:
    path = tmp_path / "generation"
    path.write_bytes(number.to_bytes(8, sys.byteorder))
    generation = Generation(path)
    generation.advance()
    assert generation.read() == Generation(path).read() == number + 1


def test_a_missing_folder_raises_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="generation"):
        Generation(tmp_path / "nowhere" / "generation")
