"""Reads the text of settings: each function returns the value, or raises `ValueError` with the form it must have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]  # relative paths are relative to it, whatever the working directory


def text(value: str) -> str:
    return value


def integer(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"an integer between {low:,} and {high:,}")
        return int(value)

    return read


def port(value: str) -> int | None:
    """Return the number of a port, None for none."""
    return integer(1, 65535)(value) if value else None


def days(value: str) -> int | None:
    """Return a number of days, None for ever."""
    return integer(1, 36_500)(value) if value else None


def folder(value: str) -> Path:
    return ROOT / value


def _split(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def hosts(value: str) -> list[str]:
    return _split(value.lower())


def origins(value: str) -> list[str]:
    origins = _split(value)
    for origin in origins:
        scheme, _, rest = origin.partition("://")
        if origin != "*" and (scheme not in ("http", "https") or not rest or set(rest) & set("/?#*\\")):
            raise ValueError("* or a comma-separated list of origins such as https://shop.example")
    if "*" in origins:
        return ["*"]
    return origins


def path(value: str) -> str:
    if value and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", value):
        raise ValueError("a path such as /api, without a slash at its end")
    return value


def switch(value: str) -> bool:
    if value.lower() not in ("on", "off"):
        raise ValueError("on or off")
    return value.lower() == "on"


def optional_switch(value: str) -> bool | None:
    """Return whether a switch is on, None for the default."""
    return switch(value) if value else None


def collector(value: str) -> str:
    """Return the URL of a collector of traces, which needs optional packages."""
    if value and not re.fullmatch(r"https?://\S+", value):
        raise ValueError("a URL such as http://127.0.0.1:4318")
    if value and (find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None):
        raise ValueError(
            "unset, because the packages for traces are missing (pip install --requirement requirements-tracing.txt)"
        )
    return value


def level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("one of DEBUG, INFO, WARNING, ERROR")
    return value.upper()


@dataclass(frozen=True)
class SmtpServer:
    """A server that accepts outgoing mail."""

    host: str
    port: int
    is_tls: bool  # from the first byte, without STARTTLS
    user: str = ""  # "" for none
    password: str = field(default="", repr=False)


def smtp_server(value: str) -> SmtpServer | None:
    if not value:
        return None
    form = "smtp://user:password@host:587 or smtps://user:password@host:465, in ASCII, with / ? # % percent-encoded"
    try:
        url = urlsplit(value)
        port = url.port or {"smtp": 587, "smtps": 465}[url.scheme]
    except (ValueError, KeyError):
        raise ValueError(form) from None
    user, password = unquote(url.username or ""), unquote(url.password or "")
    is_plain = url.path in ("", "/") and not url.query and not url.fragment and (user + password).isascii()
    if not url.hostname or not is_plain or bool(user) != bool(password):
        raise ValueError(form)
    return SmtpServer(url.hostname, port, url.scheme == "smtps", user, password)


def sender(value: str) -> str:
    if value and not re.fullmatch(r"[^<>@\s]+@[^<>@\s]+|[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>", value):
        raise ValueError("an e-mail address such as catalog@example.org, or Catalog <catalog@example.org>")
    return value


def public_url(value: str) -> str:
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~-]+)*/?", value):
        raise ValueError("a URL such as https://catalog.example.org")
    return value.rstrip("/")


def choice(*words: str) -> Callable[[str], str]:
    """Return the reader of one of a few words, in any case."""

    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return value.lower()

    return read


def rate(value: str) -> str | None:
    """Return a rate such as ``600/minute``, ``off``, or None for the default."""
    if value.lower() in ("", "off"):
        return value.lower() or None
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour|day)", value.lower(), re.ASCII):
        raise ValueError("off, or a rate such as 600/minute or 20/second (also per hour or day)")
    return value.lower()
