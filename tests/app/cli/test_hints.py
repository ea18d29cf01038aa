"""What `catalog prepare` suggests, for settings of all kinds."""

from __future__ import annotations

import pytest

from app.cli.hints import hints
from app.config import from_environment


@pytest.fixture(autouse=True)
def checkout(monkeypatch):
    """The environment of `make run`."""
    monkeypatch.setenv("CATALOG_COMMAND", "./catalog")
    monkeypatch.delenv("CATALOG_ADDRESS", raising=False)


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"HOST": "10.1.2.3"}, "http://10.1.2.3:8000"),
        ({"HOST": "books.example"}, "http://books.example:8000"),
        ({"HOST": "0.0.0.0", "PORT": "80"}, "http://127.0.0.1:80"),
        ({"HOST": "::"}, "http://[::1]:8000"),
        ({"HOST": "fe80::1"}, "http://[fe80::1]:8000"),
    ],
    ids=["default", "port", "address", "name", "every address", "every IPv6 address", "IPv6"],
)
def test_hints_name_the_address_of_the_service(environment, address):
    lines = hints(from_environment(environment)).splitlines()
    assert lines[0] == f"The catalog is at {address}. Try:"
    assert lines[1].startswith(f"  curl -g '{address}/books?")
    assert lines[2] == f"  {address}/docs in a browser"


def test_hints_name_the_script_of_the_checkout():
    assert hints(from_environment({"INSTANCE_PATH": "/srv/books"})).splitlines()[-1] == "  ./catalog import FILE"


def test_hints_name_addresses_below_the_prefix():
    text = hints(from_environment({"URL_PREFIX": "/api"}))
    assert "http://127.0.0.1:8000/api/books?" in text
    assert "http://127.0.0.1:8000/api/docs" in text


def test_hints_without_the_script_name_flask(monkeypatch):
    monkeypatch.delenv("CATALOG_COMMAND")
    assert hints(from_environment({})).endswith("  flask --app wsgi catalog import FILE")


def test_hints_without_a_sample_filter_nothing():
    assert "tolstoy" not in hints(from_environment({"SAMPLE": "off"}))


def test_hints_in_a_container_name_no_unknown_port(monkeypatch):
    monkeypatch.setenv("CATALOG_COMMAND", "catalog")
    settings = from_environment({"HOST": "0.0.0.0", "INSTANCE_PATH": "/instance", "DATABASE_URL": "postgresql://db/n"})
    text = hints(settings)
    assert "http://" not in text
    assert text.endswith("\n  catalog import FILE")
    monkeypatch.setenv("CATALOG_ADDRESS", "http://127.0.0.1:9000")
    assert hints(settings).startswith("The catalog is at http://127.0.0.1:9000. Try:")
