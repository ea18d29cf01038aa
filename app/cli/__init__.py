"""The command line: ``flask --app wsgi catalog …``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import ClassVar

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_migrate import upgrade

from app.config import command_line
from app.values.text import escaped
from extensions.database import DatabaseUnavailable, Statement, fetch

from .hints import hints

SAMPLE = Path(__file__).parent / "sample"
GROUP = "catalog"


class _Context(click.Context):
    """The context of the group, whose usage lines name the command as users type it."""

    @property
    def command_path(self) -> str:
        return command_line()


class LazyGroup(AppGroup):
    """A group that imports its large commands only when they run."""

    LAZY: ClassVar = {
        "import": ("app.transfer.cli.import_command", "import_command"),
        "account": ("app.cli.account", "account"),
        "log": ("app.cli.log", "log"),
        "worker": ("app.cli.worker", "worker"),
        "beat": ("app.cli.worker", "beat"),
        "jobs": ("app.cli.jobs", "jobs"),
        "favorites": ("app.cli.favorites", "favorites"),
        "export": ("app.transfer.cli.export_command", "export_command"),
    }
    context_class = _Context

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. Usage errors quote its arguments, which may have control characters."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise click.UsageError(escaped(error.format_message()), error.ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), *self.LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in self.LAZY:
            return super().get_command(ctx, cmd_name)
        module, name = self.LAZY[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


catalog = LazyGroup(GROUP, help="Prepare, fill, export and describe the catalog.")


def init_app(app: Flask) -> None:
    """Add the group `catalog` with the commands of all features (Flask would keep only the last feature's)."""
    for blueprint in app.blueprints.values():
        catalog.commands.update(blueprint.cli.commands)
    app.cli.add_command(catalog)


@catalog.command()
def sample() -> None:
    """Load the sample catalog if the catalog is empty."""
    _load_sample()


@catalog.command()
def prepare() -> None:
    """Migrate the database, load the sample into an empty catalog (not with SAMPLE=off), and print hints.

    Also create an administrator with ADMIN_EMAIL, unless the address already has an account. Where HOST is a loopback
    address, print a one-time link until an administrator exists.
    """
    from . import administrator

    upgrade()
    if current_app.config["SAMPLE"]:
        _load_sample()
    administrator.create_from_settings(current_app.config)
    click.echo(f"\n{hints(current_app.config)}\n")
    if invitation := administrator.invitation(current_app.config):
        click.echo(f"{invitation}\n")


def _load_sample() -> None:
    from app.transfer.cli.failure import CommandFailed
    from app.transfer.cli.import_command import COMPLETE, ImportArguments, import_files
    from app.transfer.errors import NoTables
    from app.transfer.preconditions import require_tables

    try:
        require_tables()
        has_records = fetch(Statement("SELECT EXISTS (SELECT FROM books) OR EXISTS (SELECT FROM authors)"), {})[0][0]
    except NoTables as error:
        raise CommandFailed(str(error)) from None
    except DatabaseUnavailable:
        raise CommandFailed("The database does not respond.") from None
    if not has_records:
        files = [str(SAMPLE / f"{name}.csv") for name in ("authors", "books")]
        if import_files(ImportArguments(files, quiet=True)) != COMPLETE:
            raise CommandFailed("The sample catalog is damaged.")
        click.echo("The sample catalog is loaded.")
