"""`catalog account`: accounts on the command line."""

from __future__ import annotations

import datetime

import pytest

from app.features.accounts.credentials.passwords import verify
from tests.support.accounts import bearer
from tests.support.databases import execute

PASSWORD = "four words or more"


@pytest.fixture
def run(app, monkeypatch):
    """Run a command of the group, with a text as its standard input."""
    monkeypatch.setenv("CATALOG_COMMAND", "./catalog")
    runner = app.test_cli_runner()
    return lambda *arguments, text=None: runner.invoke(args=["catalog", "account", *arguments], input=text)


def stored(url):
    return execute(url, "SELECT email, name, role, disabled FROM accounts ORDER BY id")


@pytest.mark.parametrize(
    ("options", "row"),
    [
        ((), ("Ann@example.com", None, "reader", False)),
        (("--role", "editor"), ("Ann@example.com", None, "editor", False)),
        (("--role", "admin", "--name", " Ann  Lee"), ("Ann@example.com", "Ann Lee", "admin", False)),
    ],
)
def test_an_account_is_added(run, database_url, options, row):
    result = run("add", "Ann@example.com", "--password-stdin", *options, text=f"{PASSWORD}\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert stored(database_url) == [row]
    [[hashed]] = execute(database_url, "SELECT password_hash FROM accounts")
    assert verify(PASSWORD, hashed)


def test_the_password_is_asked_for_twice(run, database_url):
    result = run("add", "ann@example.com", text=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert len(stored(database_url)) == 1


def test_two_different_passwords_are_asked_for_again(run, database_url):
    result = run("add", "ann@example.com", text=f"{PASSWORD}\nanother one here\n{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert "do not match" in result.output
    assert len(stored(database_url)) == 1


@pytest.mark.parametrize(
    ("arguments", "text", "sentence"),
    [
        (("ann",), PASSWORD, "The e-mail address is not valid. This must be an e-mail address such as"),
        (("ann@example.com", "--name", "n" * 1001), PASSWORD, "The name is not valid. This has 1,001 characters"),
        (("ann@example.com",), "short", "The password is not valid. This is too short"),
        (("ann@example.com",), "ANN@example.com", "The password is not valid. This is the e-mail address"),
        (("ann@example.com",), "", "The password is not valid. This is too short"),
        (("ann@example.com",), b"\xff" * 12, "The password on standard input is not UTF-8"),
        (("ann@example.com", "--role", "king"), PASSWORD, "'king' is not one of 'reader', 'editor', 'admin'"),
        (("old@EXAMPLE.com",), PASSWORD, "There is an account of old@EXAMPLE.com already."),
    ],
    ids=["address", "name", "short", "address as password", "nothing", "bytes", "role", "taken"],
)
def test_an_invalid_account_is_refused(run, account, database_url, arguments, text, sentence):
    account(email="old@example.com")
    result = run("add", *arguments, "--password-stdin", text=text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert len(stored(database_url)) == 1


def test_a_list_shows_all_accounts(run, account):
    account("admin", "ann@example.com")
    account("reader", "bea@example.com", disabled=True)
    result = run("list")
    heading, *rows = [line.split() for line in result.stdout.splitlines()]
    assert heading == ["ID", "E-MAIL", "NAME", "ROLE", "STATE", "CREATED"]
    assert [row[1:-1] for row in rows] == [["ann@example.com", "admin"], ["bea@example.com", "reader", "disabled"]]


def test_a_list_escapes_control_characters(run, account, database_url):
    account("reader", "ann@example.com")
    execute(
        database_url, "UPDATE accounts SET name = %s, email = %s", "\x1b[31m[b]\nred\u202e", f"{'a' * 60}@example.com"
    )
    result = run("list")
    assert r"\x1b[31m[b]\nred\u202e" in result.stdout
    assert f"{'a' * 60}@example.com" in result.stdout
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("command", "row"),
    [
        (("role", "ANN@example.com", "editor"), ("editor", False)),
        (("disable", "ann@example.com"), ("reader", True)),
        (("enable", "ann@example.com"), ("reader", False)),
    ],
)
def test_an_account_is_changed(run, account, database_url, command, row):
    account("reader", "ann@example.com")
    assert run(*command).exit_code == 0
    assert [each[2:] for each in stored(database_url)] == [row]


@pytest.mark.parametrize("command", [("role", "ann@example.com", "reader"), ("disable", "ann@example.com")])
def test_the_last_administrator_stays(run, account, database_url, command):
    account("admin", "ann@example.com")
    result = run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: This is the last administrator.")
    assert [each[2:] for each in stored(database_url)] == [("admin", False)]


def test_a_reset_prints_its_link(run, account, database_url):
    ann = account("reader", "ann@example.com")
    result = run("reset", "ann@example.com")
    link = result.stdout.strip()
    assert link.startswith("http://127.0.0.1:8000/password-resets/cat_r_")
    assert execute(database_url, "SELECT purpose, account_id FROM one_time_links") == [("reset", ann.id)]


@pytest.mark.parametrize(
    ("options", "name", "scopes", "days"),
    [
        ((), "Command line", ["catalog:read", "catalog:write", "favorites", "imports"], 90),
        (("--scope", "catalog:write", "--scope", "admin"), "Command line", ["catalog:write", "admin"], 90),
        (("--scope", "imports", "--name", "Nightly", "--days", "7"), "Nightly", ["imports"], 7),
    ],
)
def test_a_key_works(run, client, account, database_url, options, name, scopes, days):
    ann = account("admin", "ann@example.com")
    result = run("key", "ann@example.com", *options)
    assert result.exit_code == 0
    token = result.stdout.removesuffix("\n")
    assert client.get("/me", headers=bearer(token)).json["id"] == ann.id
    rows = execute(database_url, "SELECT kind, name, scopes, expires_at - created_at FROM tokens")
    assert rows == [("key", name, scopes, datetime.timedelta(days=days))]


@pytest.mark.parametrize("days", ["0", "366", "x"])
def test_a_key_expires_within_a_year(run, account, days):
    account("reader", "ann@example.com")
    result = run("key", "ann@example.com", "--days", days)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("command", ["reset", "key"])
def test_a_disabled_account_gets_nothing(run, account, command):
    account("reader", "ann@example.com", disabled=True)
    result = run(command, "ann@example.com")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Run `./catalog account enable ann@example.com` first." in result.stderr


@pytest.mark.parametrize(
    "command", [("role", "{}", "admin"), ("disable", "{}"), ("enable", "{}"), ("reset", "{}"), ("key", "{}")]
)
def test_an_unknown_account_is_named(run, command):
    result = run(*(each.format("ann@example.com") for each in command))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: There is no account of ann@example.com. `./catalog account list` shows all.\n"


def test_a_missing_role_is_named(run):
    result = run("role", "ann@example.com")
    assert result.exit_code == 2
    assert "Choose one of reader, editor, admin." in result.stderr


def test_the_help_lists_the_group(app):
    assert "account " in app.test_cli_runner().invoke(args=["catalog", "--help"]).stdout
