"""The requests that `catalog prepare` suggests, with the URLs of this installation."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from typing import Any

from app.config import command_line

IMAGE_COMMAND = "catalog"  # `CATALOG_COMMAND` in the container image


def hints(settings: Mapping[str, Any]) -> str:
    """Return the requests and commands to try, as lines of text."""
    address, prefix = address_of(settings), settings["URL_PREFIX"]
    path = f"{prefix}/books" + ("?author[contains]=tolstoy&fields=title,authors" if settings["SAMPLE"] else "")
    if address is None:
        lines = ["The catalog is ready. Try:", f"  GET {path}", f"  {prefix}/docs in a browser"]
    else:
        lines = [f"The catalog is at {address}{prefix}. Try:", f"  curl -g '{address}{path}'"]
        lines.append(f"  {address}{prefix}/docs in a browser")
    return "\n".join([*lines, f"  {command_line('import FILE')}"])


def address_of(settings: Mapping[str, Any]) -> str | None:
    """Return the URL of the service on this machine; None in a container, where the published port is unknown.

    ``CATALOG_ADDRESS`` in the environment overrides it.
    """
    if address := os.environ.get("CATALOG_ADDRESS"):
        return address
    if _in_image():
        return None
    host = settings["HOST"]
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{settings['PORT']}"
    if ip.is_unspecified:  # 0.0.0.0 or ::, which listen on every address
        ip = ipaddress.ip_address("127.0.0.1" if ip.version == 4 else "::1")
    return f"http://{f'[{ip}]' if ip.version == 6 else ip}:{settings['PORT']}"


def _in_image() -> bool:
    return os.environ.get("CATALOG_COMMAND") == IMAGE_COMMAND
