"""The error that ends a command, with its exit status."""

from __future__ import annotations

import click

from app.values.text import escaped

INCOMPLETE, FAILED = 1, 2  # exit statuses


class CommandFailed(click.ClickException):
    """The command has failed; its message says why."""

    exit_code = FAILED

    def format_message(self) -> str:
        return escaped(self.message)


class CommandIncomplete(CommandFailed):
    """The command has begun its work and could not finish it."""

    exit_code = INCOMPLETE
