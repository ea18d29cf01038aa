"""What `catalog import` does: opens all files, says what they are, imports one after the other, and sums up."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg2
from flask import Flask
from rich.console import Console

from app.vocabulary import Identifiers
from extensions.database import DatabaseUnavailable, probe

from . import intake, telling
from .guess import Wishes
from .importing import Import
from .intake import Incoming, Unreadable
from .records import DIGEST
from .rejects import Unwritable
from .report import Report
from .storing import catalog
from .storing.catalog import Busy, Catalog
from .storing.refusals import Refused

COMPLETE, WITH_REJECTS, FAILED = range(3)
SWITCH_SECONDS = 0.0005  # a thread keeps the interpreter from others (Python: 0.005)
COLLECTING = (50_000, 20, 20)  # new objects after which Python collects (700), and how often it looks at older ones
DISK_FULL, SCARCE = "53100", "53"  # SQLSTATE, and the class of it


@dataclass(frozen=True)
class Asked:
    """What the command was asked for; see its help."""

    files: Sequence[str]
    format: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    source: str | None = None
    dry_run: bool = False
    rejects: Path | None = None
    update: bool = True
    report: Path | None = None
    restore: bool = False
    quiet: bool = False

    @property
    def wishes(self) -> Wishes:
        """What is said of the files."""
        return Wishes(self.format, self.mapping, self.encoding, self.delimiter, self.source, self.restore)


class Failed(Exception):
    """The import cannot begin, or go on; the sentence says why, and what to do."""


def run(app: Flask, asked: Asked) -> int:
    """Import files, and say how it goes. Returns the exit status; raises `Failed`."""
    out, progress = telling.consoles()
    if asked.quiet:
        out.quiet = progress.quiet = True
    _judge(asked)
    began = time.monotonic()
    with _terminable(), _paced(), contextlib.ExitStack() as stack:
        imports = _imports(asked, stack)
        for one in imports:
            telling.guess(out, one.incoming)
        done: list[Import] = []
        try:
            with _catalog(asked, progress) as opened:
                for one in imports:
                    done.append(one)
                    _import(app, opened, one, progress)
                opened.tell_planner(sum(one.report.created + one.report.updated for one in done))
        finally:
            reports = [(telling.name_of(one.incoming), one.report) for one in done]
            unwritten = _write_report(asked, done)
            if unwritten:
                progress.print(unwritten, markup=False)
            for one in done:
                _tell(asked, one, progress)
            if done:
                whole = all(one.complete for one in imports)
                telling.summary(out, reports, time.monotonic() - began, dry=asked.dry_run, whole=whole)
    if unwritten or any(one.broke_off for one in done):
        return FAILED
    return WITH_REJECTS if any(one.report.rejected for one in done) else COMPLETE


def _tell(asked: Asked, one: Import, progress: Console) -> None:
    """Say what became of one file beside the counts."""
    report = one.report
    telling.rejected(progress, one.incoming, one.shown, 0 if one.rejects else report.rejected)
    if one.rejects and report.rejected:
        telling.kept(progress, one.incoming, report.rejected, one.rejects)
    if one.rejects and one.complete and not report.rejected and one.rejects.is_file():
        one.rejects.unlink()  # those of an import before this one
    if one.broke_off:
        progress.print(f"{telling.name_of(one.incoming)}: {one.broke_off}", markup=False)
    elif one.complete and not report.read:
        progress.print(f"{telling.name_of(one.incoming)}: There are no records in it.", markup=False)
    if asked.format and report.read == report.rejected and (one.broke_off or report.read):
        telling.misfit(progress, one.incoming)


@contextlib.contextmanager
def _paced() -> Iterator[None]:
    """Let the thread that stores go on as soon as the database has answered, however busy the one that reads is; and
    chunks, which are many objects for a short while, need not be looked through for cycles all the time.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECTING)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """A block that SIGTERM ends as Ctrl-C does."""
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _judge(asked: Asked) -> None:
    if asked.files.count("-") > 1:
        raise Failed("Standard input can be read once.")
    if asked.source is not None and not Identifiers.SCHEME.fullmatch(asked.source):
        raise Failed("--source is written with a-z, 0-9, '_', '.' and '-', 50 of them at most.")
    if asked.source in ("isbn", DIGEST):
        raise Failed(f"{asked.source} means something else among identifiers; give --source another name.")
    written = [_rejects(asked, number) for number in range(len(asked.files))] + [asked.report]
    files = [file for file in written if file is not None]
    for file in files:
        if not file.parent.is_dir():
            raise Failed(f"There is no folder {file.parent}, where {file.name} is to be written.")
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            raise Failed(f"{file} may not be written; name another file to write to.")
        if file.exists() and any(name != "-" and Path(name).exists() and file.samefile(name) for name in asked.files):
            raise Failed(f"{file} is to be read; name another file to write to.")
    if asked.report and asked.report.resolve() in (file.resolve() for file in files[:-1]):
        raise Failed(f"{asked.report} is to hold rejects; name another file for the report.")


def _imports(asked: Asked, stack: contextlib.ExitStack) -> list[Import]:
    """An import for each file; all of them are opened before anything is written."""
    said = f"{asked.update} {asked.dry_run} {sorted(asked.mapping.items())} {asked.source}"
    imports = []
    for number, name in enumerate(asked.files):
        try:
            incoming: Incoming = stack.enter_context(intake.open(name, asked.wishes))
        except Unreadable as error:
            raise Failed(f"{name}: {error}") from None
        imports.append(Import(incoming, said, _rejects(asked, number), asked.restore))
    return imports


def _rejects(asked: Asked, number: int) -> Path | None:
    """Where the rejects of a file go; those of further ones into files of their own, since each has its own format."""
    if asked.rejects is None or number == 0:
        return asked.rejects
    return asked.rejects.with_name(f"{asked.rejects.stem}.{number + 1}{asked.rejects.suffix}")


@contextlib.contextmanager
def _catalog(asked: Asked, progress: Console) -> Iterator[Catalog]:
    stands = "What is counted stands in the catalog; the same command goes on from there."
    if asked.dry_run:
        stands = "Nothing was written: a dry run."
    try:
        if probe() is None:
            raise Failed("The database has no tables yet; run `flask --app wsgi db upgrade` first.")
        tell = partial(progress.print, markup=False)
        with catalog.opened(update=asked.update, dry=asked.dry_run, tell=tell) as opened:
            yield opened
    except Busy:
        raise Failed("Another import is running; wait until it is done.") from None
    except DatabaseUnavailable as error:
        raise Failed(f"{_unavailable(error.__cause__)} {stands}") from None
    except (psycopg2.Error, Refused) as error:
        raise Failed(f"The database refused it: {str(error).strip()} {stands}") from None
    except Unwritable as error:
        raise Failed(f"{error} Make room, or name another file. {stands}") from None
    except KeyboardInterrupt:
        raise Failed(f"Stopped. {stands}") from None


def _unavailable(cause: BaseException | None) -> str:
    """Why the database cannot be used, and what to do about it."""
    detail = str(cause or "").strip().partition("\n")[0]
    code = getattr(cause, "pgcode", None)
    if code == DISK_FULL:
        return f"The disk of the database is full ({detail}). Make room there."
    if (code or "").startswith(SCARCE):
        return f"The database has too little of something ({detail}). Give it more."
    return f"The database does not answer ({detail})."


def _import(app: Flask, opened: Catalog, one: Import, progress: Console) -> None:
    following = telling.Following(progress, one)
    one.follow = following
    with following:
        one.run(app, opened)
    if one.resumed:
        progress.print(
            f"{telling.name_of(one.incoming)}: went on after {one.resumed:,} records, which stood from before.",
            markup=False,
        )


def _write_report(asked: Asked, done: list[Import]) -> str | None:
    """Write the report, if one is asked for; returns a sentence if that fails."""
    try:
        if asked.report:
            asked.report.write_text(_as_json(asked, done), "utf-8")
    except OSError as error:
        return f"The report cannot be written to {asked.report}: {error.strerror}. All the rest is done."
    return None


def _as_json(asked: Asked, done: list[Import]) -> str:
    total = sum((one.report for one in done), Report())
    files = [
        {"file": one.incoming.source.name, "guess": str(one.incoming.guess), **one.report.as_json()} for one in done
    ]
    return json.dumps({"dry_run": asked.dry_run, **total.as_json(), "files": files}, ensure_ascii=False, indent=2)
