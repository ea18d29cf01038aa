"""The progress of a file: a bar on a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app.transfer.imports.file_import import FileImport
from app.values.text import escaped

_SECONDS_BETWEEN_LINES = 5.0


class ImportProgress:
    """Shows the progress of a file between `start` and `stop`."""

    def __init__(self, console: Console, file: FileImport) -> None:
        self._console, self._file = console, file
        self._name = escaped(file.pipeline.name)
        self._started = self._printed = time.monotonic()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[counts]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(self._name, total=file.pipeline.size, counts="")

    def start(self) -> None:
        """Show the bar."""
        self._bar.start()

    def stop(self) -> None:
        """Stop updating the bar."""
        self._bar.stop()

    def update(self) -> None:
        """Show the current counts."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._file.position, counts=self._counts())
        elif time.monotonic() - self._printed >= _SECONDS_BETWEEN_LINES:
            self._printed = time.monotonic()
            size, left = self._file.pipeline.size, self._seconds_left()
            share = f"{self._file.position / size:.0%}, " if size else ""
            rest = f", about {left:,.0f} s left" if left else ""
            self._console.print(f"{self._name}: {share}{self._counts()}{rest}", markup=False)

    def _counts(self) -> str:
        report = self._file.report
        rate = (report.read - self._file.resumed) / max(time.monotonic() - self._started, 0.001)
        warnings = sum(warned.count for warned in report.warnings.values())
        return f"{report.read:,} records, {rate:,.0f}/s, {warnings:,} warnings, {report.rejected:,} rejected"

    def _seconds_left(self) -> float | None:
        size, position = self._file.pipeline.size, self._file.position
        if not size or not position:
            return None
        return (time.monotonic() - self._started) * (size - position) / position
