"""The settings, read from the environment and checked at startup."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from extensions.embedded import shared as embedded
from extensions.embedded.restart import Restarter

from .cors import CORS_EXPOSED as CORS_EXPOSED
from .cors import CORS_HEADERS as CORS_HEADERS
from .cors import CORS_METHODS as CORS_METHODS
from .settings import SETTINGS as SETTINGS
from .settings import Setting

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # TRUSTED_HOSTS for them prevents DNS rebinding
USUAL_RATE = "600/minute"  # ten a second: more than a person, less than a loop
DEFAULT_COMMAND = "flask --app wsgi catalog"


class BadSetting(ValueError):
    """A setting has an invalid value; the message names the setting."""


def from_environment(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return all settings by name. Raises `BadSetting` for an invalid value."""
    settings = {
        setting.name: _read(setting, environment.get(setting.name, "").strip() or setting.default)
        for setting in SETTINGS
    }
    if not settings["TRUSTED_HOSTS"] and is_loopback(settings["HOST"]):
        settings["TRUSTED_HOSTS"] = LOOPBACK_HOSTS
    if settings["METRICS_PORT"] == settings["PORT"]:
        raise BadSetting("METRICS_PORT must be another port than PORT.")
    if settings["RATE_LIMIT"] is None:
        settings["RATE_LIMIT"] = "off" if is_loopback(settings["HOST"]) else USUAL_RATE
    if settings["SERVER_TIMING"] is None:
        settings["SERVER_TIMING"] = is_loopback(settings["HOST"])
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
