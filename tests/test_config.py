"""Every setting: its default, what it reads, and the sentence for what it cannot use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app import config
from app.config import SETTINGS, BadSetting, database_url, from_environment

DEFAULTS = {
    "DATABASE_URL": "",
    "INSTANCE_PATH": Path("instance"),
    "REDIS_URL": "",
    "CACHE_DEFAULT_TIMEOUT": 10,
    "CORS_ORIGINS": ["*"],
    "MAX_CONTENT_LENGTH": 8 * 1024 * 1024,
    "TRUSTED_HOSTS": [],
    "PORT": 8000,
    "HOST": "127.0.0.1",
    "WEB_CONCURRENCY": 2,
    "CONNECTIONS": 16,
    "LOG_LEVEL": "INFO",
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
    ("TRUSTED_HOSTS", "a.example, .b.example,", ["a.example", ".b.example"]),
    ("PORT", "1", 1),
    ("PORT", "65535", 65535),
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("WEB_CONCURRENCY", "64", 64),
    ("CONNECTIONS", "1", 1),
    ("LOG_LEVEL", "debug", "DEBUG"),
]
WRONG = [
    ("CACHE_DEFAULT_TIMEOUT", "3601", "CACHE_DEFAULT_TIMEOUT must be a whole number from 0 to 3,600, not '3601'."),
    ("CACHE_DEFAULT_TIMEOUT", "-1", "CACHE_DEFAULT_TIMEOUT must be a whole number from 0 to 3,600, not '-1'."),
    ("CACHE_DEFAULT_TIMEOUT", "ten", "CACHE_DEFAULT_TIMEOUT must be a whole number from 0 to 3,600, not 'ten'."),
    ("CACHE_DEFAULT_TIMEOUT", "1.5", "CACHE_DEFAULT_TIMEOUT must be a whole number from 0 to 3,600, not '1.5'."),
    ("CACHE_DEFAULT_TIMEOUT", "١٠", "CACHE_DEFAULT_TIMEOUT must be a whole number from 0 to 3,600, not '١٠'."),
    ("MAX_CONTENT_LENGTH", "8MB", "MAX_CONTENT_LENGTH must be a whole number from 1,024 to 1,073,741,824, not '8MB'."),
    ("MAX_CONTENT_LENGTH", "0", "MAX_CONTENT_LENGTH must be a whole number from 1,024 to 1,073,741,824, not '0'."),
    ("PORT", "0", "PORT must be a whole number from 1 to 65,535, not '0'."),
    ("PORT", "65536", "PORT must be a whole number from 1 to 65,535, not '65536'."),
    ("PORT", "²", "PORT must be a whole number from 1 to 65,535, not '²'."),
    ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY must be a whole number from 1 to 64, not '0'."),
    ("CONNECTIONS", "257", "CONNECTIONS must be a whole number from 1 to 256, not '257'."),
    ("CONNECTIONS", "1_0", "CONNECTIONS must be a whole number from 1 to 256, not '1_0'."),
    ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, not 'LOUD'."),
    *(
        (
            "CORS_ORIGINS",
            value,
            "CORS_ORIGINS must be * or a list of origins such as https://shop.example, separated by "
            f"commas, not {value!r}.",
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


def test_the_table_of_settings_is_the_one_that_is_tested() -> None:
    assert {setting.name for setting in SETTINGS} >= set(DEFAULTS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
def test_a_setting_that_is_missing_or_blank_has_its_default(name: str, default: Any) -> None:
    assert from_environment({})[name] == default
    assert from_environment({name: ""})[name] == default
    assert from_environment({name: "  "})[name] == default


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_a_setting_is_read_from_the_environment(name: str, text: str, value: Any) -> None:
    found = from_environment({name: text})
    assert found[name] == value
    assert {other: found[other] for other in DEFAULTS if other != name} == {
        other: default for other, default in DEFAULTS.items() if other != name
    }


@pytest.mark.parametrize(("name", "text", "sentence"), WRONG)
def test_a_setting_that_cannot_be_used_says_so(name: str, text: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as error:
        from_environment({name: text})
    assert str(error.value) == sentence


def test_what_is_no_setting_is_left_aside() -> None:
    assert set(from_environment({"COLOUR": "red"})) == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_a_postgres_is_reached_by_psycopg2(scheme: str) -> None:
    settings = from_environment({"DATABASE_URL": f"{scheme}://u:p@h:5433/n?sslmode=require"})
    assert database_url(settings) == "postgresql+psycopg2://u:p@h:5433/n?sslmode=require"


@pytest.mark.parametrize(
    "url", ["sqlite:///books.db", "mysql://u@h/n", "h/n", "postgresql", "postgresql+asyncpg://h/n", "://h/n"]
)
def test_any_other_database_is_refused(url: str) -> None:
    with pytest.raises(BadSetting) as error:
        database_url(from_environment({"DATABASE_URL": url}))
    assert str(error.value) == "DATABASE_URL must begin with postgresql://; this service runs on Postgres alone."


def test_a_password_is_not_shown_when_the_database_is_refused() -> None:
    with pytest.raises(BadSetting) as error:
        database_url(from_environment({"DATABASE_URL": "mysql://user:secret@h/n"}))
    assert "secret" not in str(error.value)


def test_without_a_database_the_embedded_one_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.embedded, "start", lambda folder: f"started in {folder}")
    settings = from_environment({"INSTANCE_PATH": "/srv/catalog"})
    assert database_url(settings) == "started in /srv/catalog/postgres"
