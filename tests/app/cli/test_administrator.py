"""The first administrator: from the settings, or by the one-time link that `catalog prepare` prints."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.support.accounts import bearer
from tests.support.databases import execute

PASSWORD = "four words or more"
SETTINGS = {"ADMIN_EMAIL": "Root@example.com", "ADMIN_PASSWORD": PASSWORD}


@pytest.fixture
def prepare(app, make_app, monkeypatch):
    """Run `catalog prepare` with some settings, on the catalog of the fixture `app`."""
    monkeypatch.setenv("CATALOG_COMMAND", "./catalog")
    monkeypatch.delenv("CATALOG_ADDRESS", raising=False)

    def run(**settings):
        return make_app(SAMPLE="off", **settings).test_cli_runner().invoke(args=["catalog", "prepare"])

    return run


def administrators(url):
    return execute(url, "SELECT email, role FROM accounts")


def test_the_settings_create_the_administrator_once(prepare, database_url):
    results = [prepare(**SETTINGS) for _ in range(2)]
    assert [result.exit_code for result in results] == [0, 0]
    assert "Root@example.com is an administrator now.\n" in results[0].stdout
    assert "Root@example.com has an account already (role admin); it stays as it is.\n" in results[1].stdout
    assert administrators(database_url) == [("Root@example.com", "admin")]
    assert all("/setup/" not in result.stdout for result in results)


def test_an_existing_account_stays_as_it_is(prepare, account, database_url):
    account("reader", "root@example.com", disabled=True)
    result = prepare(**SETTINGS)
    assert "Root@example.com has an account already (role reader, disabled); it stays as it is." in result.stdout
    assert administrators(database_url) == [("root@example.com", "reader")]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({**SETTINGS, "ADMIN_PASSWORD": "short"}, "ADMIN_PASSWORD is not valid. This is too short"),
        ({**SETTINGS, "ADMIN_PASSWORD": ""}, "ADMIN_PASSWORD must be set if ADMIN_EMAIL is"),
        ({**SETTINGS, "ADMIN_EMAIL": "root"}, "ADMIN_EMAIL is not valid. This must be an e-mail address"),
    ],
    ids=["short password", "no password", "no address"],
)
def test_bad_settings_end_with_a_sentence(prepare, database_url, settings, sentence):
    result = prepare(**settings)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {sentence}")
    assert administrators(database_url) == []


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_the_printed_command_creates_the_administrator(prepare, client, database_url, prefix):
    output = prepare(HOST="127.0.0.1", PORT="8123", URL_PREFIX=prefix).stdout
    command = shlex.split(next(line for line in output.splitlines() if "/setup/" in line))
    url, body = command[3], command[-1]
    assert command[:3] == ["curl", "-X", "PUT"]
    assert url.startswith(f"http://127.0.0.1:8123{prefix}/setup/cat_f_")
    path = url.removeprefix(f"http://127.0.0.1:8123{prefix}")
    sent = {"content_type": "application/json"}
    assert client.put(path, data=body, **sent).status_code == 422
    assert client.put(path, data=body.replace("PASSWORD", PASSWORD), **sent).status_code == 201
    assert administrators(database_url) == [("you@example.com", "admin")]
    assert "/setup/" not in prepare(HOST="127.0.0.1").stdout


def test_the_command_line_is_the_other_way(prepare):
    assert "./catalog account add EMAIL --role admin" in prepare(HOST="127.0.0.1").stdout


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "books.example"])
def test_a_service_for_others_prints_no_link(prepare, host):
    assert not re.search("cat_f_|/setup/", prepare(HOST=host).output)


def test_an_administrator_signs_in_with_a_key(prepare, app, client):
    prepare(**SETTINGS)
    token = app.test_cli_runner().invoke(args=["catalog", "account", "key", "root@example.com", "--scope", "admin"])
    assert client.get("/accounts", headers=bearer(token.stdout.strip())).status_code == 200
