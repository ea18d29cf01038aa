"""Every setting: its default, valid values, and the error for an invalid value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app import config
from app.config import SETTINGS, BadSetting, database_url, from_environment
from app.config.readers import SmtpServer
from tests import ROOT

DEFAULTS = {
    "DATABASE_URL": "",
    "INSTANCE_PATH": ROOT / "instance",
    "REDIS_URL": "",
    "CACHE_DEFAULT_TIMEOUT": 10,
    "CORS_ORIGINS": ["*"],
    "MAX_CONTENT_LENGTH": 8 * 1024 * 1024,
    "PAGE_MAX_BYTES": 4 * 1024 * 1024,
    "CONTAINS_SCAN_MAX_ROWS": 50_000,
    "TRUSTED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
    "PORT": 8000,
    "HOST": "127.0.0.1",
    "URL_PREFIX": "",
    "WEB_CONCURRENCY": 2,
    "CONNECTIONS": 16,
    "SAMPLE": True,
    "SMTP_URL": None,
    "MAIL_FROM": "catalog@localhost",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "text",
    "SERVER_TIMING": True,
    "SLOW_MS": 500,
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    "RATE_LIMIT": "off",
    "ANONYMOUS": "auto",
    "REGISTRATION": "open",
    "ADMIN_EMAIL": "",
    "ADMIN_PASSWORD": "",
    "CHANGES_DAYS": None,
}
# The settings whose defaults follow another one.
DERIVED = {
    "HOST": {"TRUSTED_HOSTS", "RATE_LIMIT", "SERVER_TIMING", "PUBLIC_URL", "MAIL_FROM"},
    "PORT": {"PUBLIC_URL"},
    "PUBLIC_URL": {"MAIL_FROM"},
}
READ = [
    ("DATABASE_URL", "postgresql://u:p@h/n", "postgresql://u:p@h/n"),
    ("INSTANCE_PATH", "/srv/catalog", Path("/srv/catalog")),
    ("REDIS_URL", "redis://cache:6379/0", "redis://cache:6379/0"),
    ("CACHE_DEFAULT_TIMEOUT", "0", 0),
    ("CACHE_DEFAULT_TIMEOUT", "3600", 3600),
    ("CACHE_DEFAULT_TIMEOUT", " 5 ", 5),
    ("CORS_ORIGINS", "*", ["*"]),
    ("CORS_ORIGINS", "https://a.example, http://b.example:3000", ["https://a.example", "http://b.example:3000"]),
    ("CORS_ORIGINS", "https://a.example,*", ["*"]),
    ("MAX_CONTENT_LENGTH", "1024", 1024),
    ("TRUSTED_HOSTS", "*", []),
    ("URL_PREFIX", "/shop/api", "/shop/api"),
    ("PAGE_MAX_BYTES", "65536", 65536),
    ("TRUSTED_HOSTS", "a.example, .b.example,", ["a.example", ".b.example"]),
    ("PORT", "1", 1),
    ("PORT", "65535", 65535),
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("WEB_CONCURRENCY", "64", 64),
    ("CONNECTIONS", "1", 1),
    ("SAMPLE", "off", False),
    ("SAMPLE", "ON", True),
    ("SMTP_URL", "smtp://localhost:1025", SmtpServer("localhost", 1025, False)),
    ("SMTP_URL", "smtp://mail.example.org", SmtpServer("mail.example.org", 587, False)),
    ("SMTP_URL", "smtps://mail.example.org/", SmtpServer("mail.example.org", 465, True)),
    ("SMTP_URL", "smtp://u:p@[::1]:25", SmtpServer("::1", 25, False, "u", "p")),
    (
        "SMTP_URL",
        "smtps://ann%40example.org:a%2Fb%25%3A@mail.example.org:4465",
        SmtpServer("mail.example.org", 4465, True, "ann@example.org", "a/b%:"),
    ),
    ("MAIL_FROM", "books@example.org", "books@example.org"),
    ("MAIL_FROM", "The Books <books@example.org>", "The Books <books@example.org>"),
    ("PUBLIC_URL", "https://books.example.org/", "https://books.example.org"),
    ("PUBLIC_URL", "http://[::1]:8000/shop", "http://[::1]:8000/shop"),
    ("CHANGES_DAYS", "30", 30),
    ("LOG_LEVEL", "debug", "DEBUG"),
    ("LOG_FORMAT", "JSON", "json"),
    ("SERVER_TIMING", "off", False),
    ("SLOW_MS", "0", 0),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", "http://collector:4318"),
    ("RATE_LIMIT", "20/second", "20/second"),
    ("RATE_LIMIT", "1/Hour", "1/hour"),
    ("RATE_LIMIT", "5000/day", "5000/day"),
    ("RATE_LIMIT", "OFF", "off"),
]
WRONG = [
    ("CACHE_DEFAULT_TIMEOUT", "3601", "CACHE_DEFAULT_TIMEOUT must be an integer between 0 and 3,600, not '3601'."),
    ("CACHE_DEFAULT_TIMEOUT", "-1", "CACHE_DEFAULT_TIMEOUT must be an integer between 0 and 3,600, not '-1'."),
    ("CACHE_DEFAULT_TIMEOUT", "ten", "CACHE_DEFAULT_TIMEOUT must be an integer between 0 and 3,600, not 'ten'."),
    ("CACHE_DEFAULT_TIMEOUT", "1.5", "CACHE_DEFAULT_TIMEOUT must be an integer between 0 and 3,600, not '1.5'."),
    ("CACHE_DEFAULT_TIMEOUT", "١٠", "CACHE_DEFAULT_TIMEOUT must be an integer between 0 and 3,600, not '١٠'."),
    ("MAX_CONTENT_LENGTH", "8MB", "MAX_CONTENT_LENGTH must be an integer between 1,024 and 1,073,741,824, not '8MB'."),
    ("MAX_CONTENT_LENGTH", "0", "MAX_CONTENT_LENGTH must be an integer between 1,024 and 1,073,741,824, not '0'."),
    ("PORT", "0", "PORT must be an integer between 1 and 65,535, not '0'."),
    ("PORT", "65536", "PORT must be an integer between 1 and 65,535, not '65536'."),
    ("PORT", "²", "PORT must be an integer between 1 and 65,535, not '²'."),
    ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY must be an integer between 1 and 64, not '0'."),
    ("CONNECTIONS", "257", "CONNECTIONS must be an integer between 1 and 256, not '257'."),
    ("CONNECTIONS", "1_0", "CONNECTIONS must be an integer between 1 and 256, not '1_0'."),
    ("PAGE_MAX_BYTES", "65535", "PAGE_MAX_BYTES must be an integer between 65,536 and 1,073,741,824, not '65535'."),
    ("SAMPLE", "no", "SAMPLE must be on or off, not 'no'."),
    ("CHANGES_DAYS", "0", "CHANGES_DAYS must be an integer between 1 and 36,500, not '0'."),
    ("LOG_FORMAT", "xml", "LOG_FORMAT must be one of text, json, not 'xml'."),
    ("SERVER_TIMING", "yes", "SERVER_TIMING must be on or off, not 'yes'."),
    ("SLOW_MS", "-1", "SLOW_MS must be an integer between 0 and 3,600,000, not '-1'."),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "collector:4318",
        "OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as http://127.0.0.1:4318, not 'collector:4318'.",
    ),
    ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, not 'LOUD'."),
    *(
        (
            "RATE_LIMIT",
            value,
            f"RATE_LIMIT must be off, or a rate such as 600/minute or 20/second (also per hour or day), not {value!r}.",
        )
        for value in ("600", "0/minute", "-1/minute", "1.5/second", "600/fortnight", "60 / minute", "on", "٦/minute")
    ),
    *(
        (
            "CORS_ORIGINS",
            value,
            f"CORS_ORIGINS must be * or a comma-separated list of origins such as https://shop.example, not {value!r}.",
        )
        for value in (
            "shop.example",
            "https://",
            "https://shop.example/",
            "ftp://shop.example",
            "https://*.example",
            "https://a.example b.example,x",
            "null",
        )
    ),
]


def test_every_setting_of_the_tests_exists_once() -> None:
    assert {setting.name for setting in SETTINGS} >= set(DEFAULTS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
def test_a_missing_or_blank_setting_has_its_default(name: str, default: Any) -> None:
    assert from_environment({})[name] == default
    assert from_environment({name: ""})[name] == default
    assert from_environment({name: "  "})[name] == default


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_a_setting_is_read_from_the_environment(name: str, text: str, value: Any) -> None:
    settings = from_environment({name: text})
    assert settings[name] == value
    others = set(DEFAULTS) - {name} - DERIVED.get(name, set())
    assert {other: settings[other] for other in others} == {other: DEFAULTS[other] for other in others}


@pytest.mark.parametrize(("name", "text", "sentence"), WRONG)
def test_a_bad_setting_is_refused_with_its_range(name: str, text: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as error:
        from_environment({name: text})
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://u:secret@mail.example.org",
        "smtp://",
        "smtp://u:secret@",
        "smtp://u@mail.example.org",
        "smtp://:secret@mail.example.org",
        "smtp://u:secret@mail.example.org:port",
        "smtp://u:secret@mail.example.org:70000",
        "smtp://u:sec/ret@mail.example.org",
        "smtp://u:sec#ret@mail.example.org",
        "smtp://u:secret@mail.example.org/path",
        "smtp://u:secret@mail.example.org?tls=on",
        "smtp://u:sécret@mail.example.org",
        "smtp://[::1",
    ],
)
def test_a_bad_mail_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting) as error:
        from_environment({"SMTP_URL": url})
    assert str(error.value) == (
        "SMTP_URL must be smtp://user:password@host:587 or smtps://user:password@host:465, in ASCII, "
        "with / ? # % percent-encoded."
    )


@pytest.mark.parametrize("value", ["books", "books@", "a@b@c", "a b@example.org", "A <b>", "A <a@b", "A\nB <a@b>"])
def test_a_bad_sender_is_refused(value: str) -> None:
    with pytest.raises(BadSetting, match=r"^MAIL_FROM must be an e-mail address such as catalog@example\.org"):
        from_environment({"MAIL_FROM": value})


@pytest.mark.parametrize(
    "value",
    ["books.example.org", "ftp://a.example", "https://", "https://a.example?x=1", "https://u:p@a.example", "/a"],
)
def test_a_bad_public_url_is_refused(value: str) -> None:
    with pytest.raises(BadSetting) as error:
        from_environment({"PUBLIC_URL": value})
    assert str(error.value) == f"PUBLIC_URL must be a URL such as https://catalog.example.org, not {value!r}."


@pytest.mark.parametrize(
    ("environment", "url", "sender"),
    [
        ({}, "http://127.0.0.1:8000", "catalog@localhost"),
        ({"PORT": "9000", "HOST": "localhost"}, "http://localhost:9000", "catalog@localhost"),
        ({"HOST": "::1"}, "http://[::1]:8000", "catalog@localhost"),
        ({"HOST": "0.0.0.0"}, "", ""),
        ({"HOST": "0.0.0.0", "PUBLIC_URL": "https://b.example"}, "https://b.example", "catalog@b.example"),
        ({"PUBLIC_URL": "https://b.example:444", "MAIL_FROM": "a@c.example"}, "https://b.example:444", "a@c.example"),
        ({"HOST": "0.0.0.0", "PUBLIC_URL": "http://192.0.2.1"}, "http://192.0.2.1", "catalog@localhost"),
    ],
)
def test_the_public_url_and_the_sender_have_defaults(environment: dict[str, str], url: str, sender: str) -> None:
    settings = from_environment(environment)
    assert (settings["PUBLIC_URL"], settings["MAIL_FROM"]) == (url, sender)


def test_mail_from_an_open_address_needs_a_public_url() -> None:
    with pytest.raises(BadSetting) as error:
        from_environment({"HOST": "0.0.0.0", "SMTP_URL": "smtp://localhost:1025"})
    assert str(error.value) == "PUBLIC_URL must be set if SMTP_URL is, because links in mail start with it."


def test_a_mail_server_hides_its_password_when_printed() -> None:
    settings = from_environment({"SMTP_URL": "smtp://user:secret@localhost:1025"})
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("host", "rate"),
    [("127.0.0.1", "off"), ("localhost", "off"), ("::1", "off"), ("0.0.0.0", "600/minute"), ("::", "600/minute")],
)
def test_requests_are_limited_unless_the_host_is_a_loopback_address(host: str, rate: str) -> None:
    assert from_environment({"HOST": host})["RATE_LIMIT"] == rate
    assert from_environment({"HOST": host, "RATE_LIMIT": "9/hour"})["RATE_LIMIT"] == "9/hour"


def test_an_unknown_variable_is_ignored() -> None:
    assert set(from_environment({"COLOUR": "red"})) == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_url_of_postgres_names_psycopg2(scheme: str) -> None:
    settings = from_environment({"DATABASE_URL": f"{scheme}://u:p@h:5433/n?sslmode=require"})
    assert database_url(settings) == "postgresql+psycopg2://u:p@h:5433/n?sslmode=require"


@pytest.mark.parametrize(
    "url", ["sqlite:///books.db", "mysql://u@h/n", "h/n", "postgresql", "postgresql+asyncpg://h/n", "://h/n"]
)
def test_any_other_database_is_refused(url: str) -> None:
    with pytest.raises(BadSetting) as error:
        database_url(from_environment({"DATABASE_URL": url}))
    assert str(error.value) == "DATABASE_URL must start with postgresql://, because the service requires Postgres."


def test_the_refusal_of_a_database_hides_the_password() -> None:
    with pytest.raises(BadSetting) as error:
        database_url(from_environment({"DATABASE_URL": "mysql://user:secret@h/n"}))
    assert "secret" not in str(error.value)


def test_without_database_url_the_embedded_postgres_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.embedded, "start", lambda folder: f"started in {folder}")
    settings = from_environment({"INSTANCE_PATH": "/srv/catalog"})
    assert database_url(settings) == "started in /srv/catalog/postgres"
