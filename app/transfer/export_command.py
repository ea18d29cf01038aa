"""What ``catalog export`` does: the question read, the file written, the progress shown, what came of it told."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app import query
from app.problems import InvalidCursor, InvalidQuery
from app.query import Pairs
from extensions.database import DatabaseUnavailable

from . import exporting, targets
from .exporting import Unsuitable, Wanted

TOLD_EVERY = 5.0  # seconds, where there is no terminal


class Unsuccessful(click.ClickException):
    """The export could not be written; what stood in the file still does."""


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    file: str
    format: str | None
    kind: str | None
    filters: tuple[str, ...]
    query: str | None
    sort: str | None
    fields: str | None


def run(asked: Asked) -> None:
    """Export what is asked for. Raises `click.UsageError` where that cannot be, and `Unsuccessful`."""
    progress = exporting.Progress()
    started = time.monotonic()
    try:
        wanted = _wanted(asked)
        with targets.opened(asked.file) as out:
            steps = exporting.export(wanted, out, progress, count=sys.stderr.isatty())
            for _ in _shown(steps, progress) if sys.stderr.isatty() else _told(steps, progress):
                pass
    except Unsuitable as error:
        raise click.UsageError(str(error)) from None
    except (InvalidQuery, InvalidCursor) as problem:
        raise click.UsageError(" ".join(fault.detail for fault in problem.faults)) from None
    except DatabaseUnavailable:
        raise Unsuccessful(f"The database does not answer, or not in time. {_unchanged(asked.file)}") from None
    except BrokenPipeError:
        # Whoever read the output has enough. Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(1) from None
    except OSError as error:
        raise Unsuccessful(f"{asked.file}: {error.strerror}. {_unchanged(asked.file)}") from None
    _summarize(asked.file, progress, time.monotonic() - started)


def _unchanged(file: str) -> str:
    return "What was written is not whole." if file == "-" else "What stood in the file, if anything, still does."


def _wanted(asked: Asked) -> Wanted:
    format_ = asked.format or (targets.DEFAULT if asked.file == "-" else targets.format_of(asked.file))
    if format_ is None:
        raise Unsuitable(f"The name {asked.file} does not say in which format; say it by --format.")
    return exporting.wanted(format_, asked.kind, _pairs(asked))


def _pairs(asked: Asked) -> Pairs:
    """The question, as the pairs of a query string. What is given as a filter is not percent-encoded."""
    sent = asked.query or ""
    if sent.startswith(("/", "?")):  # as it stands in an address
        sent = sent.partition("?")[2]
    pairs = query.split(sent.encode())
    if any(name == "format" for name, _ in pairs):
        raise Unsuitable("The format is said by the name of the file, or by --format.")
    for given in asked.filters:
        name, equals, value = given.partition("=")
        if not equals:
            raise Unsuitable(
                f"A filter is NAME=VALUE or NAME[OPERATOR]=VALUE, such as 'language=en'; {given!r} is none."
            )
        pairs.append((name.strip(), value))
    pairs += [(name, value) for name, value in (("sort", asked.sort), ("fields", asked.fields)) if value is not None]
    return pairs


def _shown(steps: Iterable[None], progress: exporting.Progress) -> Iterator[None]:
    """The steps, with a bar on the terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        for _ in steps:
            done = sum(progress.written.values())
            bar.update(task, total=progress.total, completed=done, description=_counts(progress))
            yield


def _told(steps: Iterable[None], progress: exporting.Progress) -> Iterator[None]:
    """The steps, with a line every few seconds."""
    told = time.monotonic()
    for _ in steps:
        if time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            click.echo(f"{_counts(progress)} so far", err=True)
        yield


def _counts(progress: exporting.Progress) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in progress.written.items())


def _summarize(file: str, progress: exporting.Progress, seconds: float) -> None:
    where = "standard output" if file == "-" else file
    click.echo(f"{_counts(progress)} written to {where} in {seconds:.1f} s.", err=True)
    for what, count in progress.left_out.items():
        click.echo(f"Left out: {count:,} x {what}.", err=True)
