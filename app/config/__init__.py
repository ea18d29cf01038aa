"""All settings, with default and help.

They are read from the environment and checked at startup.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from extensions.embedded import shared as embedded
from extensions.embedded.restart import Restarter

from . import readers

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # TRUSTED_HOSTS for them prevents DNS rebinding
USUAL_RATE = "600/minute"  # ten a second: more than a person, less than a loop


class BadSetting(ValueError):
    """A setting has an invalid value; the message names the setting."""


@dataclass(frozen=True)
class Setting:
    """A setting. `default` is written as in the environment, "" for none."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any] = readers.text
    is_secret: bool = False  # errors do not show its value


DEFAULT_COMMAND = "flask --app wsgi catalog"

SETTINGS = (
    Setting(
        "DATABASE_URL",
        "",
        "URL of a Postgres database (version 17 or later), `postgresql://user:password@host/name`; if unset, "
        "an embedded Postgres runs in `INSTANCE_PATH/postgres`",
    ),
    Setting(
        "INSTANCE_PATH",
        "instance",
        "folder for local data: the embedded database, and files shared by the processes of one machine",
        readers.folder,
    ),
    Setting("REDIS_URL", "", "URL of a Redis, `redis://host:6379/0`, for a response cache shared by several machines"),
    Setting(
        "CACHE_DEFAULT_TIMEOUT",
        "10",
        "seconds to cache a response; 0 disables the response cache",
        readers.integer(0, 3600),
    ),
    Setting(
        "SHARED_MAX_AGE",
        "0",
        "seconds for which a shared cache, such as a CDN, may serve a read without asking again (`s-maxage`); with 0, "
        "an acknowledged write is visible behind it, too",
        readers.integer(0, 31_536_000),
    ),
    Setting(
        "CORS_ORIGINS", "*", "origins that may call from a browser: `*`, or a comma-separated list", readers.origins
    ),
    Setting(
        "MAX_CONTENT_LENGTH",
        str(8 * 1024 * 1024),
        "maximal size of a request body in bytes",
        readers.integer(1024, 1024**3),
    ),
    Setting(
        "PAGE_MAX_BYTES",
        str(4 * 1024 * 1024),
        "bytes of all records of a page; a page ends before them, but has at least one record",
        readers.integer(64 * 1024, 1024**3),
    ),
    Setting(
        "CONTAINS_SCAN_MAX_ROWS",
        "50000",
        "books, or authors, above which `contains` needs three letters in a row, because no index finds fewer",
        readers.integer(0, 10**9),
    ),
    Setting(
        "TRUSTED_HOSTS",
        "",
        "names that the header `Host` may have, separated by commas (`.example.org` with all subdomains), or `*` for "
        "any; by default the loopback names where `HOST` is a loopback address, else any",
        readers.hosts,
    ),
    Setting(
        "ANONYMOUS",
        "auto",
        "what clients without an account may do: `none`, `reader`, `editor`, or `auto`: `editor` while there is no "
        "administrator, `reader` from then on",
        readers.choice("none", "reader", "editor", "auto"),
    ),
    Setting(
        "REGISTRATION",
        "open",
        "`open`: everyone may create an account with the role reader; `closed`: administrators alone create accounts",
        readers.choice("open", "closed"),
    ),
    Setting(
        "ADMIN_EMAIL",
        "",
        "e-mail address of an administrator that `catalog prepare` creates, unless the address already has an account",
    ),
    Setting("ADMIN_PASSWORD", "", "password of that administrator"),
    Setting(
        "RATE_LIMIT",
        "",
        "most requests of a client in a period: `600/minute`, `20/second`, also per `hour` or `day`, or `off`; by "
        "default `off` where `HOST` is a loopback address, else `600/minute`",
        readers.rate,
    ),
    Setting(
        "CHANGES_DAYS",
        "",
        "days after which changes are no longer kept, except the deletions of records, which can be restored; by "
        "default all are kept",
        readers.days,
    ),
    Setting("PORT", "8000", "port to listen on", readers.integer(1, 65535)),
    Setting("HOST", "127.0.0.1", "address to listen on"),
    Setting("URL_PREFIX", "", "path below which everything is served, such as `/api`", readers.path),
    Setting("WEB_CONCURRENCY", "2", "number of worker processes", readers.integer(1, 64)),
    Setting(
        "CONNECTIONS",
        "16",
        "database connections per worker, plus a quarter as many for streamed lists; a worker has twice as "
        "many threads and 72 more, so that requests without database work never wait for those with it",
        readers.integer(1, 256),
    ),
    Setting("SAMPLE", "on", "`off`: `catalog prepare` and `make run` leave an empty catalog empty", readers.switch),
    Setting(
        "SMTP_URL",
        "",
        "server for outgoing mail, `smtp://user:password@host:587` (with STARTTLS if the server offers it) or "
        "`smtps://host:465`; without it, the service sends no mail",
        readers.smtp_server,
        is_secret=True,
    ),
    Setting(
        "MAIL_FROM",
        "",
        "sender of mail, `Catalog <catalog@example.org>`; by default `catalog@` the host of `PUBLIC_URL`",
        readers.sender,
    ),
    Setting(
        "PUBLIC_URL",
        "",
        "URL of the service in links that it sends, without `URL_PREFIX`; by default that of `HOST` and `PORT` where "
        "`HOST` is a loopback address",
        readers.public_url,
    ),
    Setting(
        "LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`; `INFO` logs one line per request", readers.level
    ),
)


def from_environment(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return all settings by name. Raises `BadSetting` for an invalid value."""
    settings = {
        setting.name: _read(setting, environment.get(setting.name, "").strip() or setting.default)
        for setting in SETTINGS
    }
    if not settings["TRUSTED_HOSTS"] and is_loopback(settings["HOST"]):
        settings["TRUSTED_HOSTS"] = LOOPBACK_HOSTS
    if settings["RATE_LIMIT"] is None:
        settings["RATE_LIMIT"] = "off" if is_loopback(settings["HOST"]) else USUAL_RATE
    if settings["TRUSTED_HOSTS"] == ["*"]:
        settings["TRUSTED_HOSTS"] = []
    if not settings["PUBLIC_URL"] and is_loopback(settings["HOST"]):
        host = f"[{settings['HOST']}]" if ":" in settings["HOST"] else settings["HOST"]
        settings["PUBLIC_URL"] = f"http://{host}:{settings['PORT']}"
    if settings["SMTP_URL"] and not settings["PUBLIC_URL"]:
        raise BadSetting("PUBLIC_URL must be set if SMTP_URL is, because links in mail start with it.")
    if not settings["PUBLIC_URL"]:  # links on the command line may be for this machine
        settings["PUBLIC_URL"] = environment.get("CATALOG_ADDRESS", "")
    if not settings["MAIL_FROM"] and settings["PUBLIC_URL"]:
        settings["MAIL_FROM"] = f"catalog@{_mail_domain(settings['PUBLIC_URL'])}"
    return settings


def _mail_domain(url: str) -> str:
    """Return the host of a URL, as far as it can be the domain of an address."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return "localhost"


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def from_python(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that are given in Python.

    Strings are parsed as in the environment; other values are kept.
    """
    known = {setting.name: setting for setting in SETTINGS}
    return {
        name: _read(known[name], value) if name in known and isinstance(value, str) else value
        for name, value in settings.items()
    }


def _read(setting: Setting, value: str) -> Any:
    try:
        return setting.read(value)
    except ValueError as error:
        shown = "" if setting.is_secret else f", not {value!r}"
        raise BadSetting(f"{setting.name} must be {error}{shown}.") from None


def command_line(arguments: str = "") -> str:
    """Return the shell command for `arguments`, as users of this installation type it.

    ``CATALOG_COMMAND`` in the environment names the program: ``./catalog`` in a checkout, ``catalog`` in the image.
    """
    return f"{os.environ.get('CATALOG_COMMAND') or DEFAULT_COMMAND} {arguments}".rstrip()


CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CORS_HEADERS = (
    "Accept",
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Last-Event-ID",
    "Prefer",
    "X-Change-Note",
    "X-Request-ID",
)
CORS_EXPOSED = (
    "ETag",
    "Link",
    "Location",
    "X-Total-Count",
    "X-Request-ID",
    "Cache-Status",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "WWW-Authenticate",
    "Idempotent-Replayed",
    "X-Change-Position",
)


def database_url(settings: Mapping[str, Any]) -> str:
    """Return the SQLAlchemy URL of the database. Starts the embedded Postgres if `DATABASE_URL` is unset.

    Raises `BadSetting`, and ``EmbeddedUnavailable`` if the embedded Postgres cannot run.
    """
    if not settings["DATABASE_URL"]:
        return embedded.start(settings["INSTANCE_PATH"] / "postgres")
    scheme, separator, rest = settings["DATABASE_URL"].partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg2"):
        raise BadSetting("DATABASE_URL must start with postgresql://, because the service requires Postgres.")
    return f"postgresql+psycopg2://{rest}"


def restart_database(settings: Mapping[str, Any]) -> Callable[[], None]:
    """Return a function that starts a dead embedded Postgres again and returns at once; otherwise it does nothing."""
    if settings["DATABASE_URL"]:
        return lambda: None
    return Restarter(settings["INSTANCE_PATH"] / "postgres")
