"""What `catalog import` does: opens all files, says what they are, imports one after the other, and sums up."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from .report import Report
from .storing import catalog
from .storing.catalog import Busy, Catalog

COMPLETE, WITH_REJECTS, FAILED = range(3)
MANY = 1_000  # records after which the planner should know of them at once


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
    with contextlib.ExitStack() as stack:
        imports = _imports(asked, stack)
        for one in imports:
            telling.guess(out, one.incoming)
        done: list[Import] = []
        try:
            with _catalog(asked) as opened:
                for one in imports:
                    done.append(one)
                    _import(app, opened, one, progress)
                if sum(one.report.created + one.report.updated for one in done) >= MANY:
                    opened.tell_planner()
        finally:
            reports = [(telling.name_of(one.incoming), one.report) for one in done]
            if asked.report:
                asked.report.write_text(_as_json(asked, done), "utf-8")
            for one in done:
                telling.rejected(progress, one.incoming, one.shown, 0 if one.rejects else one.report.rejected)
                if one.broke_off:
                    progress.print(f"{telling.name_of(one.incoming)}: {one.broke_off}", markup=False)
            telling.summary(out, reports, time.monotonic() - began, dry=asked.dry_run)
    if any(one.broke_off for one in done):
        return FAILED
    return WITH_REJECTS if any(one.report.rejected for one in done) else COMPLETE


def _judge(asked: Asked) -> None:
    if asked.files.count("-") > 1:
        raise Failed("Standard input can be read once.")
    if asked.source is not None and not Identifiers.SCHEME.fullmatch(asked.source):
        raise Failed("--source is written with a-z, 0-9, '_', '.' and '-', 50 of them at most.")
    for file in (asked.rejects, asked.report):
        if file is None:
            continue
        if not file.parent.is_dir():
            raise Failed(f"There is no folder {file.parent}, where {file.name} is to be written.")
        if file.exists() and any(name != "-" and Path(name).exists() and file.samefile(name) for name in asked.files):
            raise Failed(f"{file} is to be read; name another file to write to.")


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
def _catalog(asked: Asked) -> Iterator[Catalog]:
    again = "The same command goes on from there."
    try:
        if probe() is None:
            raise Failed("The database has no tables yet; run `flask --app wsgi db upgrade` first.")
        with catalog.opened(update=asked.update, dry=asked.dry_run) as opened:
            yield opened
    except Busy:
        raise Failed("Another import is running; wait until it is done.") from None
    except DatabaseUnavailable as error:
        detail = str(error.__cause__ or "").strip().partition("\n")[0]
        raise Failed(f"The database does not answer ({detail}). What is counted stands in it. {again}") from None
    except psycopg2.Error as error:
        raise Failed(f"The database refused it: {str(error).strip()} What is counted stands in it.") from None
    except KeyboardInterrupt:
        raise Failed(f"Stopped. What is counted stands in the catalog. {again}") from None


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


def _as_json(asked: Asked, done: list[Import]) -> str:
    total = sum((one.report for one in done), Report())
    files = [
        {"file": one.incoming.source.name, "guess": str(one.incoming.guess), **one.report.as_json()} for one in done
    ]
    return json.dumps({"dry_run": asked.dry_run, **total.as_json(), "files": files}, ensure_ascii=False, indent=2)
