"""The folders of imports, below ``INSTANCE_PATH/imports``.

The folder of an import has the file `UPLOAD` and, if records were rejected, `REJECTS`. All processes that serve or run
imports share it.
"""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

from flask import current_app

from app.values.text import HARMFUL

UPLOAD, REJECTS = "upload", "rejects"
LONGEST_NAME = 255  # characters of a displayed name

_name = re.compile("[0-9a-f]{32}")
_harmful = re.compile(rf"[{HARMFUL}\u0009-\u000d\u0085\u2028\u2029\ud800-\udfff]+")


def all_folders() -> Path:
    """Return the folder that contains those of all imports."""
    return Path(current_app.config["INSTANCE_PATH"]) / "imports"


def folder_path(name: str) -> Path:
    """Return the path of the folder of an import. Raises `ValueError` if it is not the name of one."""
    if not _name.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of the folder of an import.")
    return all_folders() / name


def create_folder() -> str:
    """Create the folder of a new import, and return its name. Raises `OSError`."""
    name = uuid.uuid4().hex
    folder_path(name).mkdir(parents=True)
    return name


def remove_folder(name: str) -> None:
    """Remove the folder of an import, if it exists. A file that cannot be removed stays for the next removal."""
    shutil.rmtree(folder_path(name), ignore_errors=True)


def display_name(sent: str | None) -> str | None:
    """Return the name of an uploaded file for display: its last segment, without control characters."""
    last = re.split(r"[/\\]", sent or "")[-1]
    name = " ".join(_harmful.sub(" ", last).split())[:LONGEST_NAME]
    return None if name in ("", ".", "..") else name
