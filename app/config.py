"""Every setting: its name, its default, one line of help. Read from the environment, checked at start."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extensions import embedded


class BadSetting(ValueError):
    """A setting of the environment that cannot be used; the sentence names it."""


def _text(value: str) -> str:
    return value


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low:,} to {high:,}")
        return int(value)

    return read


def _listed(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _hosts(value: str) -> list[str]:
    return _listed(value.lower())


def _origins(value: str) -> list[str]:
    origins = _listed(value)
    for origin in origins:
        scheme, _, rest = origin.partition("://")
        if origin != "*" and (scheme not in ("http", "https") or not rest or set(rest) & set("/?#*\\")):
            raise ValueError("* or a list of origins such as https://shop.example, separated by commas")
    if "*" in origins:
        return ["*"]
    return origins


def _level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("one of DEBUG, INFO, WARNING, ERROR")
    return value.upper()


@dataclass(frozen=True)
class Setting:
    """One setting; `default` is written as it would stand in the environment ("" for none)."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any] = _text


SETTINGS = (
    Setting(
        "DATABASE_URL",
        "",
        "Postgres 17 or later, `postgresql://user:password@host/name`; where it is not set, "
        "the embedded one runs in `INSTANCE_PATH/postgres`",
    ),
    Setting(
        "INSTANCE_PATH",
        "instance",
        "the folder of what this installation keeps: the embedded database, and "
        "what the processes of one machine share",
        Path,
    ),
    Setting("REDIS_URL", "", "Redis, `redis://host:6379/0`, for a response cache that several machines share"),
    Setting(
        "CACHE_DEFAULT_TIMEOUT", "10", "seconds for which an answer is kept; 0 switches the cache off", _whole(0, 3600)
    ),
    Setting("CORS_ORIGINS", "*", "origins whose pages may call: `*`, or a list separated by commas", _origins),
    Setting(
        "MAX_CONTENT_LENGTH", str(8 * 1024 * 1024), "bytes that the body of a request may have", _whole(1024, 1024**3)
    ),
    Setting(
        "TRUSTED_HOSTS",
        "",
        "names that the header `Host` may bear, separated by commas (`.example.org` with "
        "all below it); where it is not set, any",
        _hosts,
    ),
    Setting("PORT", "8000", "the port to serve on", _whole(1, 65535)),
    Setting("HOST", "127.0.0.1", "the address to serve on"),
    Setting("WEB_CONCURRENCY", "2", "worker processes", _whole(1, 64)),
    Setting(
        "CONNECTIONS",
        "16",
        "connections to the database that each worker may open, and a quarter as many more for "
        "lists that are streamed; it runs three times as many threads, and some more, so that what needs no database "
        "is never behind what waits for it",
        _whole(1, 256),
    ),
    Setting("LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`; `INFO` logs a line for each request", _level),
)


def from_environment(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Every setting, read; raises `BadSetting` with the name of one that cannot be used."""
    return {
        setting.name: _read(setting, environment.get(setting.name, "").strip() or setting.default)
        for setting in SETTINGS
    }


def given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings from Python: one that is text is read as from the environment, any other value is taken as it is."""
    known = {setting.name: setting for setting in SETTINGS}
    return {
        name: _read(known[name], value) if name in known and isinstance(value, str) else value
        for name, value in settings.items()
    }


def _read(setting: Setting, value: str) -> Any:
    try:
        return setting.read(value)
    except ValueError as error:
        raise BadSetting(f"{setting.name} must be {error}, not {value!r}.") from None


CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CORS_HEADERS = ("Accept", "Cache-Control", "Content-Type", "If-Match", "If-None-Match", "X-Request-ID")
CORS_EXPOSED = ("ETag", "Link", "Location", "X-Total-Count", "X-Request-ID", "Cache-Status", "Retry-After")


def database_url(settings: Mapping[str, Any]) -> str:
    """The SQLAlchemy URL of the database: the one that is set, or that of the embedded Postgres, started here.

    Raises `BadSetting`, or ``EmbeddedUnavailable`` where nothing is set and the embedded Postgres is not installed.
    """
    if not settings["DATABASE_URL"]:
        return embedded.start(settings["INSTANCE_PATH"] / "postgres")
    scheme, separator, rest = settings["DATABASE_URL"].partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg2"):
        raise BadSetting("DATABASE_URL must begin with postgresql://; this service runs on Postgres alone.")
    return f"postgresql+psycopg2://{rest}"
