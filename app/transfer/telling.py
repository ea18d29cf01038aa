"""What a person sees of an import: what files are taken for, how far it is, what became of the records."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .importing import Import
from .intake import Incoming
from .mending import KINDS
from .records import Rejected
from .report import FATES, KNOWN, Report

SECONDS_BETWEEN_LINES = 5.0
WIDTH = 120  # of what is no terminal


def consoles() -> tuple[Console, Console]:
    """Where to say what comes out, and where to say how it goes (and what goes wrong)."""
    return _console(stderr=False), _console(stderr=True)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Whoever read this is gone, as `head` goes: the work goes on in silence."""
        self.quiet = True
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), self.file.fileno())  # what is still in its buffer


def _console(*, stderr: bool) -> Console:
    console = _Console(highlight=False, soft_wrap=True, stderr=stderr)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def guess(console: Console, incoming: Incoming) -> None:
    """What a file is taken for, before anything is written."""
    console.print(f"{name_of(incoming)}: {incoming.guess}", markup=False)


def name_of(incoming: Incoming) -> str:
    """The name of a file without its folders."""
    return Path(incoming.source.name).name


class Following:
    """Shows how one import goes: as a bar on a terminal, as a line every few seconds elsewhere."""

    def __init__(self, console: Console, one: Import) -> None:
        self._console, self._import = console, one
        self._began = self._told = time.monotonic()
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
        self._task: TaskID = self._bar.add_task(name_of(one.incoming), total=one.incoming.size, counts="")

    def __enter__(self) -> Following:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, one: Import) -> None:
        """After each chunk."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=one.position, counts=self._counts())
        elif time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            share = f"{one.position / one.incoming.size:.0%}, " if one.incoming.size else ""
            left = self._seconds_left()
            self._console.print(
                f"{name_of(one.incoming)}: {share}{self._counts()}{f', about {left:,.0f} s left' if left else ''}",
                markup=False,
            )

    def _counts(self) -> str:
        report = self._import.report
        rate = (report.read - self._import.resumed) / max(time.monotonic() - self._began, 0.001)
        return (
            f"{report.read:,} records, {rate:,.0f}/s, {report.warnings.total():,} warnings, "
            f"{report.rejected:,} rejected"
        )

    def _seconds_left(self) -> float | None:
        size, position = self._import.incoming.size, self._import.position
        if not size or not position:
            return None
        return (time.monotonic() - self._began) * (size - position) / position


def summary(console: Console, reports: Iterable[tuple[str, Report]], seconds: float, *, dry: bool, whole: bool) -> None:
    """The table of what became of the records of each file, and of the warnings; `whole`: all files were read."""
    named = list(reports)
    table = Table(title="Nothing was written: a dry run" if dry else None, title_justify="left")
    table.add_column("")
    for name in ("read", *FATES):
        table.add_column(name, justify="right")
    total = Report()
    for name, report in named:
        total = total + report
        table.add_row(name, *(f"{getattr(report, column):,}" for column in ("read", *FATES)))
    if len(named) > 1:
        table.add_row("together", *(f"{getattr(total, column):,}" for column in ("read", *FATES)))
    console.print(table)
    if total.warnings or total.reasons:
        details = Table()
        for name, justify in (("", "left"), ("times", "right"), ("", "left")):
            details.add_column(name, justify=justify)  # type: ignore[arg-type]
        for kind, count in total.warnings.most_common():
            details.add_row(f"warning: {kind}", f"{count:,}", KINDS[kind])
        for reason, count in total.reasons.most_common():
            details.add_row(f"skipped: {reason}", f"{count:,}", "")
        console.print(details)
    rate = total.read / max(seconds, 0.001)
    noun = "record" if total.read == 1 else "records"
    console.print(f"{total.read:,} {noun} in {seconds:,.1f} s ({rate:,.0f} a second).", markup=False)
    if whole and total.read and not (total.created or total.updated):
        is_there = total.unchanged + total.reasons[KNOWN] == total.read
        console.print(f"Nothing has changed{': all of it was there already' if is_there else ''}.", markup=False)


def misfit(console: Console, incoming: Incoming) -> None:
    """That nothing of a file is of the format that it is said to have."""
    label = incoming.guess.label
    console.print(
        f"{name_of(incoming)}: Nothing of it is {label}; leave --format out, and it is guessed.", markup=False
    )


def rejected(console: Console, incoming: Incoming, some: Iterable[Rejected], count: int) -> None:
    """The first records that were rejected, where no file takes them."""
    shown = 0
    for one in some:
        shown += 1
        for flaw in one.flaws:
            said = f"{flaw.field}: {flaw.reason}" if flaw.field else flaw.reason
            console.print(f"{name_of(incoming)}, {incoming.guess.counted_in} {one.place}: {said}", markup=False)
    if count > shown:
        console.print(f"… and {count - shown:,} more.")
    if count:
        console.print("With --rejects FILE all of them are kept, to be mended and imported again.", markup=False)


def kept(console: Console, incoming: Incoming, count: int, file: Path) -> None:
    """Where the records are that were rejected."""
    those = "1 rejected record is" if count == 1 else f"{count:,} rejected records are"
    console.print(f"{name_of(incoming)}: {those} in {file}, to be mended and imported.", markup=False)
