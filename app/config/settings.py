"""All settings, with default and help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import readers


@dataclass(frozen=True)
class Setting:
    """A setting. `default` is written as in the environment, "" for none."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any] = readers.text
    is_secret: bool = False  # errors do not show its value


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
        "IMPORT_MAX_BYTES",
        str(1024**3),
        "maximal size of a file that `POST /imports` takes, in bytes",
        readers.integer(1024, 1024**4),
    ),
    Setting(
        "IMPORT_FILES_DAYS",
        "7",
        "days after the end of an import, after which its file and its rejects are removed",
        readers.integer(1, 3650),
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
    Setting(
        "JOBS",
        "on",
        "`off`: gunicorn starts no worker for background jobs, because `catalog worker` runs as a service of its own",
        readers.switch,
    ),
    Setting("METRICS", "on", "`off`: nothing is counted, and `/metrics` is not found", readers.switch),
    Setting(
        "METRICS_PORT",
        "",
        "port of `/metrics` alone, which needs no account there; by default it is on `PORT`, for administrators and "
        "programs on this machine",
        readers.port,
    ),
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
        "SERVER_TIMING",
        "",
        "`on`: responses have the header `Server-Timing`; by default `on` where `HOST` is a loopback address, else "
        "`off`",
        readers.optional_switch,
    ),
    Setting(
        "SLOW_MS",
        "500",
        "milliseconds of a statement from which it is logged, by its text without values; 0 for never",
        readers.integer(0, 3_600_000),
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "URL of a collector for traces, `http://collector:4318` (OTLP over HTTP); needs `requirements-tracing.txt`",
        readers.collector,
    ),
    Setting(
        "LOG_FORMAT",
        "text",
        "`text`, or `json`: lines of JSON with the names of the Elastic Common Schema",
        readers.choice("text", "json"),
    ),
    Setting(
        "LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`; `INFO` logs one line per request", readers.level
    ),
)
