"""The output of `catalog import`: detected formats, progress, and results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.transfer.imports.file_import import FileImport, ImportObserver
from app.transfer.imports.files.rejects import describe_reason
from app.transfer.imports.load.report import ALREADY_THERE, OUTCOMES, Report
from app.transfer.imports.pipeline import Pipeline
from app.values.text import escaped

from .progress import ImportProgress

WIDTH = 120  # columns, if the output is not a terminal


class _Console(Console):
    """A console that ignores a closed pipe."""

    def on_broken_pipe(self) -> None:
        """Print nothing more, because the reader of the output (such as `head`) has closed the pipe."""
        self.quiet = True
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), self.file.fileno())  # takes what is still buffered


def _console(*, stderr: bool, quiet: bool) -> Console:
    console = _Console(highlight=False, soft_wrap=True, stderr=stderr, quiet=quiet)
    if not console.is_terminal:
        console.width = WIDTH
    return console


class ImportConsole(ImportObserver):
    """Prints results to standard output; progress and errors to standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = _console(stderr=False, quiet=quiet)
        self._err = _console(stderr=True, quiet=quiet)
        self._progress: ImportProgress | None = None

    # ---- during the import

    def file_started(self, file: FileImport) -> None:
        """Show the progress bar of a file."""
        self._progress = ImportProgress(self._err, file)
        self._progress.start()

    def batch_stored(self, file: FileImport) -> None:
        """Update the progress bar."""
        assert self._progress is not None
        self._progress.update()

    def file_ended(self, file: FileImport) -> None:
        """Stop the progress bar, and print whether the import was resumed."""
        assert self._progress is not None
        self._progress.stop()
        if file.resumed and (file.is_complete or file.aborted):
            self._print_error(f"{file.pipeline.name}: resumed after {file.resumed:,} records of an earlier import.")

    def connection_lost(self, error: str, seconds: int) -> None:
        """Print that the import waits for the database."""
        self._print_error(f"Lost the connection to the database ({error}). Reconnecting for up to {seconds} seconds.")

    # ---- before and after it

    def print_detected(self, pipeline: Pipeline) -> None:
        """Print the detected format of a file."""
        self._out.print(escaped(f"{pipeline.name}: {pipeline.detected.describe()}"), markup=False)

    def print_unwritten_report(self, error: str) -> None:
        """Print why writing the report failed."""
        self._print_error(error)

    def print_result(self, file: FileImport) -> None:
        """Print what a file needs beside its counts: rejected records, and why reading stopped."""
        name, report = file.pipeline.name, file.report
        if file.rejects_path and report.rejected:
            those = "1 rejected record is" if report.rejected == 1 else f"{report.rejected:,} rejected records are"
            self._print_error(f"{name}: {those} in {file.rejects_path}. {_what_to_do(file)}")
        elif report.rejected:
            self._print_rejected(file)
        if file.aborted:
            self._print_error(f"{name}: {file.aborted}")
        elif file.is_complete and not report.read:
            self._print_error(f"{name}: The file has no records.")
        if file.options.read.format and report.read == report.rejected and (file.aborted or report.read):
            label = file.pipeline.detected.label
            self._print_error(f"{name}: No record is valid {label}. Omit --format to detect the format.")

    def print_summary(self, files: Sequence[FileImport], seconds: float, *, dry_run: bool, is_complete: bool) -> None:
        """Print the counts of each file, the warnings, and the reasons of skipped records.

        `is_complete`: every file was imported to its end.
        """
        total = sum((file.report for file in files), Report())
        self._out.print(_counts_table(files, total, dry_run=dry_run))
        for line in _details(files, total):
            self._out.print(escaped(line), markup=False)
        rate = total.read / max(seconds, 0.001)
        noun = "record" if total.read == 1 else "records"
        self._out.print(f"{total.read:,} {noun} in {seconds:,.1f} s ({rate:,.0f} a second).", markup=False)
        if is_complete and total.read and not (total.created or total.updated):
            all_known = total.unchanged + total.skip_reasons[ALREADY_THERE] == total.read
            why = ": every record is already in the catalog" if all_known else ""
            self._out.print(f"Nothing has changed{why}.", markup=False)

    def _print_rejected(self, file: FileImport) -> None:
        """Print the first rejected records, because no file holds them."""
        name, unit = file.pipeline.name, file.pipeline.detected.unit
        for rejected in file.first_rejected:
            for reason in rejected.reasons:
                self._print_error(f"{name}, {unit} {rejected.number}: {describe_reason(reason)}")
        more = file.report.rejected - len(file.first_rejected)
        if more > 0:
            self._err.print(f"… and {more:,} more.")
        self._print_error(f"To get all rejected records in a file, add --rejects FILE. {_what_to_do(file)}")

    def _print_error(self, text: str) -> None:
        self._err.print(escaped(text), markup=False)


def _what_to_do(file: FileImport) -> str:
    """Return what to do about rejected records."""
    if file.options.read.restore:
        return "Correct them in the export, and restore it into a new database."
    return "Correct them and import that file."


def _counts_table(files: Sequence[FileImport], total: Report, *, dry_run: bool) -> Table:
    table = Table(title="Dry run: nothing was written" if dry_run else None, title_justify="left")
    table.add_column("")
    names = ("read", *OUTCOMES)
    for name in names:
        table.add_column(name, justify="right")
    rows = [(file.pipeline.name, file.report) for file in files]
    if len(files) > 1:
        rows.append(("all files", total))
    for label, report in rows:
        table.add_row(Text(escaped(label)), *(f"{getattr(report, name):,}" for name in names))
    return table


def _details(files: Sequence[FileImport], total: Report) -> Iterator[str]:
    """Return a line for each kind of warning, with its first rows, and for each reason to skip or reject records."""
    for warning in total.described_warnings:
        yield f"{warning['detail']}{_place(files, warning)}"
    for reasons, outcome in ((total.skip_reasons, "skipped"), (total.reject_reasons, "rejected")):
        for reason, count in reasons.most_common():
            yield f"{count:,} {outcome}: {reason}"


def _place(files: Sequence[FileImport], warning: Mapping[str, Any]) -> str:
    """Return the rows of a warning: those in the first file that has it."""
    file = next(file for file in files if warning["code"] in file.report.warnings)
    numbers = [f"{number:,}" for number in warning["rows"]]
    noun = "row" if file.pipeline.detected.unit == "line" else "record"
    name = f"{file.pipeline.name}, " if len(files) > 1 else ""
    more = ", …" if warning["count"] > len(numbers) else ""
    return f": {name}{noun if len(numbers) == 1 and not more else f'{noun}s'} {', '.join(numbers)}{more}"
