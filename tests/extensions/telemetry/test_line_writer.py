"""Lines are written in batches, whole and in their order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from extensions.telemetry import line_writer
from extensions.telemetry.line_writer import LineWriter
from tests import ROOT
from tests.support.waiting import until


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run a program that has imported the writer."""
    program = f"import os, signal, sys, threading, time\nfrom extensions.telemetry.line_writer import LINES\n{code}"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_lines_of_several_threads_are_whole(capfd: pytest.CaptureFixture[str]) -> None:
    writer = LineWriter()
    threads = [
        threading.Thread(target=lambda n=n: [writer.write(f"{n} {i} é\n") for i in range(1000)]) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.flush()
    lines = [line.split() for line in capfd.readouterr().err.splitlines()]
    for n in range(4):
        assert [int(i) for number, i, _ in lines if number == str(n)] == list(range(1000))


def test_a_line_is_written_without_a_flush(capfd: pytest.CaptureFixture[str]) -> None:
    LineWriter().write("alone\n")
    shown = ""

    def is_shown() -> bool:
        nonlocal shown
        shown += capfd.readouterr().err
        return "alone\n" in shown

    until(is_shown)


def test_the_end_of_a_process_writes_the_rest() -> None:
    assert run("for i in range(3000): LINES.write(f'{i}\\n')").stderr.split() == [str(i) for i in range(3000)]


def test_a_forked_process_writes_its_own_lines() -> None:
    code = "LINES.write('parent\\n')\nif os.fork() == 0: LINES.write('child\\n')\nelse: os.wait()"
    assert sorted(run(code).stderr.split()) == ["child", "parent"]


def test_closed_standard_error_stops_nothing() -> None:
    assert run("LINES.write('x\\n'); os.close(2); LINES.flush(); print('done')").stdout == "done\n"


def test_a_stalled_reader_costs_lines_but_no_memory(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(line_writer, "MOST_LINES", 10)
    writer = LineWriter()
    with writer._writing:  # as if a write took long
        for number in range(100):
            writer.write(f"{number}\n")
    writer.flush()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) < 100
    assert "lines of the log were dropped" in lines[-1]


def test_killed_processes_lose_only_the_latest_lines() -> None:
    code = "LINES.write('early\\n'); time.sleep(1); LINES.write('late\\n'); os.kill(os.getpid(), signal.SIGKILL)"
    ended = run(code)
    assert ended.returncode == -signal.SIGKILL
    assert ended.stderr.startswith("early\n")


def test_writes_to_a_pipe_are_not_split(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe, os.fdopen(reading) as reader:
        monkeypatch.setattr(sys, "stderr", pipe)
        assert line_writer._most_bytes() == 4096
        batches = line_writer._batches(["x" * 99 + "\n"] * 100, 4096)
        assert all(len(batch) <= 4096 and batch.endswith("\n") for batch in batches)
        assert "".join(batches).count("\n") == 100
        assert reader
