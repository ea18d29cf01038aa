"""``./catalog COMMAND``: the commands of the group `catalog`, outside of ``flask``."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from flask.cli import ScriptInfo

from app.values.text import escaped
from extensions.embedded.shared import EmbeddedUnavailable
from extensions.jobs.engine.processes import WORKER

from . import create_app
from .cli import GROUP, running_server
from .config import BadSetting, command_line, from_environment


def main() -> None:
    """Run one command, with the settings of the server that runs from this checkout."""
    # A process that a worker has started has the worker's settings.
    catalog = "" if WORKER in os.environ else running_server.use_settings()
    if catalog:
        print(f"The catalog is {escaped(catalog)}.", file=sys.stderr)
    try:
        _require_catalog(from_environment())
        app = create_app()
    except (BadSetting, EmbeddedUnavailable) as error:
        sys.exit(str(error))
    group = app.cli.commands[GROUP]
    group.main(prog_name="catalog", obj=ScriptInfo(create_app=lambda: app))


def _require_catalog(settings: Mapping[str, Any]) -> None:
    """Exit if the folder has no catalog that the command could read: the embedded Postgres would create one."""
    folder = settings["INSTANCE_PATH"]
    needs_catalog = not {"prepare", "--help"} & set(sys.argv[1:]) and sys.argv[1:]
    if needs_catalog and not settings["DATABASE_URL"] and not (folder / "postgres/PG_VERSION").exists():
        path = escaped(str(folder))
        sys.exit(f"There is no catalog in {path}. Run `{command_line('prepare')}` first, or correct INSTANCE_PATH.")


if __name__ == "__main__":
    main()
