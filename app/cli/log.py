"""``catalog log``: the changes of books and authors, one line each."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence

import click
from flask.cli import with_appcontext

from app.config import command_line
from app.features.history.change import ChangeRow, account_document, documents
from app.features.history.feed.position import parse_position
from app.features.history.feed.query import NOW
from app.features.history.feed.read import PositionAhead, PositionPruned, read_changes, require_kept
from app.features.history.positions import last_position
from app.transfer.cli.failure import CommandFailed
from app.transfer.errors import NoTables
from app.transfer.preconditions import require_tables
from app.values.text import escaped
from extensions.database import DatabaseUnavailable, Statement, fetch

AT_ONCE = 100  # changes
POLL_SECONDS = 1.0
LONGEST = 80  # characters of a title or a name
INTERRUPTED = 130  # the exit status of a shell's command that Ctrl-C ends

_TITLES = Statement("""
    SELECT 'books', id, title FROM books WHERE id = ANY (%(books)s::bigint[])
    UNION ALL SELECT 'authors', id, name FROM authors WHERE id = ANY (%(authors)s::bigint[])
""")

_HELP = f"""
    Print the changes of books and authors, one line each, in the order of their commits.

    \b
        {command_line("log --since 812")}
        {command_line("log --since now --follow")}

    A line has the position, the time (UTC), the account, how the change was made, what happened to which record, the
    changed fields or the title or name, and the note.
"""


@click.command("log", help=_HELP)
@click.option("--since", metavar="POSITION", help=f"Begin behind this position, or {NOW}. Default: with the oldest.")
@click.option("--follow", is_flag=True, help="Go on with new changes until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print each change as JSON, as the API returns it.")
@with_appcontext
def log(since: str | None, follow: bool, as_json: bool) -> None:
    """Print changes; see `_HELP`."""
    try:
        require_tables()
        for rows in _pages(since, follow=follow):
            click.echo("\n".join(_as_json(rows) if as_json else _lines(rows)))
    except NoTables as error:
        raise CommandFailed(str(error)) from None
    except PositionAhead as error:
        raise CommandFailed(f"There is no position {since} yet; the last one is {error.last}.") from None
    except PositionPruned as error:
        detail = f"Changes up to the position {error.pruned} are no longer kept. Use --since {error.pruned} or higher."
        raise CommandFailed(detail) from None
    except DatabaseUnavailable:
        raise CommandFailed("The database does not respond. Start it, or correct DATABASE_URL.") from None
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader has closed the pipe. Without this, Python reports the error again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _pages(since: str | None, *, follow: bool) -> Iterator[list[ChangeRow]]:
    """Yield the changes, some at a time; with `follow`, without end."""
    position = _first_position(since)
    while True:
        try:
            page = read_changes(position, AT_ONCE)
        except DatabaseUnavailable:
            if not follow:
                raise
            time.sleep(POLL_SECONDS)
            continue
        if page.rows:
            yield page.rows
        position = page.last
        if not page.more:
            if not follow:
                return
            time.sleep(POLL_SECONDS)


def _first_position(since: str | None) -> int:
    if since == NOW:
        return last_position()
    if since is None:
        try:
            require_kept(0)
        except PositionPruned as error:
            return error.pruned
        return 0
    position = parse_position(since)
    if position is None:
        raise click.BadParameter(f"Write a position, such as 812, or {NOW}.", param_hint="--since")
    return position


def _as_json(rows: Sequence[ChangeRow]) -> Iterator[str]:
    return (json.dumps(document, ensure_ascii=False) for document in documents(rows, shows_accounts=True))


def _lines(rows: Sequence[ChangeRow]) -> Iterator[str]:
    titles = _find_titles(rows)
    for row in rows:
        account = account_document(row)
        name = "-" if account is None else account["name"] or f"account {account['id']}"
        what = f"{row.op} {row.resource.removesuffix('s')} {row.record_id}"
        note = f"({row.note})" if row.note else ""
        parts = (str(row.position), f"{row.at[:19]}Z", name, row.via, what, _subject(row, titles), note)
        yield "  ".join(escaped(part) for part in parts if part)


def _subject(row: ChangeRow, titles: dict[tuple[str, int], str]) -> str:
    """Return the changed fields of an update, else the title or the name."""
    if row.op == "updated":
        return ", ".join(row.after or {})
    before = row.before or {}
    title = before.get("title") or before.get("name") or titles.get((row.resource, row.record_id), "")
    shown = title if len(title) <= LONGEST else f"{title[:LONGEST]}…"
    return f"{shown} → {row.after['merged_into']}" if row.op == "merged" and row.after else shown


def _find_titles(rows: Sequence[ChangeRow]) -> dict[tuple[str, int], str]:
    """Return the present titles and names of the records that were created."""
    ids: dict[str, list[int]] = {"books": [], "authors": []}
    for row in rows:
        if row.op in ("created", "unmerged"):
            ids[row.resource].append(row.record_id)
    return {(resource, record_id): title for resource, record_id, title in fetch(_TITLES, ids)}
