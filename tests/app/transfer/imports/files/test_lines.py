"""Lines of text, bounded in length."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from app.transfer.imports.files import lines
from tests import ROOT


def test_an_endless_line_is_skipped_in_bounded_memory(tmp_path: Path):
    file = tmp_path / "long.csv"
    with file.open("wb") as stream:
        stream.write(b"title,subtitle\nFirst,\nSecond,")
        for _ in range(100):
            stream.write(b"x" * 1_000_000)
        stream.write(b"\nThird,\n")
    script = (
        "import resource\n"
        "from app.transfer.imports.pipeline import open_pipeline\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"with open_pipeline({str(file)!r}) as pipeline: kinds = [type(outcome).__name__ for outcome in pipeline]\n"
        "print(kinds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        timeout=240,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    kinds, grown = run.stdout.rsplit(maxsplit=1)
    assert kinds == "['Prepared', 'Rejected', 'Prepared']", run.stderr
    assert int(grown) < 100


def test_a_line_that_is_too_long_is_rejected(read, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", 100)
    result = read("title,subtitle\nFirst,\n" + "x" * 250 + "\nThird,\n")
    assert [outcome.number for outcome in result.outcomes] == [2, 3, 4]
    assert "251 characters" in result.rejected[0].reasons[0].detail
