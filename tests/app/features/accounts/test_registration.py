"""Accounts that are created and changed at once, by the workers of a service and the command line beside it."""

from __future__ import annotations

import contextlib

import pytest

from tests.support.accounts import add_account, add_token, bearer
from tests.support.clients.http import Client
from tests.support.clients.parallel import simultaneously
from tests.support.databases import connect, empty, execute
from tests.support.waiting import until

ADDRESSES = ["ann@example.com", "Ann@example.com", "ANN@EXAMPLE.COM", "aNN@Example.com"]
LOCK = "hashtextextended('catalog.administrators', 0)"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture(scope="module")
def url(new_database):
    return new_database("registration")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("registration")


@pytest.fixture(scope="module")
def running(url, folder, start_server):
    return start_server(url, INSTANCE_PATH=str(folder), WEB_CONCURRENCY="2")


@pytest.fixture
def server(running, url):
    """Two workers, on a database without accounts."""
    empty(url)
    return running


@pytest.fixture
def command(make_app, url, folder):
    """Run a command beside the service."""
    app = make_app(DATABASE_URL=url, INSTANCE_PATH=folder)
    return lambda *arguments: app.test_cli_runner().invoke(args=["catalog", "account", *arguments])


def test_addresses_that_fold_to_one_are_one_account(server, url):
    for attempt in range(3):
        bodies = [{"email": f"{attempt}{each}", "password": "four words or more"} for each in ADDRESSES]
        sends = [lambda body=body: server.request("POST", "/accounts", body) for body in bodies]
        statuses = [response.status for response in simultaneously(*sends)]
        assert sorted(statuses) == [201, 409, 409, 409]
    assert execute(url, "SELECT count(*) FROM accounts") == [(3,)]


def test_one_of_two_administrators_who_demote_each_other_stays(server, url, request_pool):
    ann, bea = (add_account(url, "admin") for _ in range(2))
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({LOCK})")
        for demoted, by in ((ann, bea), (bea, ann)):
            headers = bearer(add_token(url, by))
            request_pool.send(server.request, "PATCH", f"/accounts/{demoted.id}", {"role": "reader"}, **headers)
        until(lambda: execute(url, WAITING) == [(2,)])
        cursor.execute(f"SELECT pg_advisory_unlock({LOCK})")
    assert sorted(response.status for response in request_pool.responses()) == [200, 409]
    assert execute(url, "SELECT count(*) FROM accounts WHERE role = 'admin'") == [(1,)]


@pytest.mark.parametrize(
    ("arguments", "method", "path", "before", "after"),
    [
        (("disable", "{}"), "GET", "/me", 200, 401),
        (("role", "{}", "reader"), "GET", "/accounts", 200, 403),
    ],
    ids=["disable", "role"],
)
def test_a_command_holds_in_every_worker_at_once(server, url, command, arguments, method, path, before, after):
    add_account(url, "admin")
    admin = add_account(url, "admin")
    headers = bearer(add_token(url, admin))

    def statuses():
        return {Client(server.port).request(method, path, **headers).status for _ in range(20)}

    assert statuses() == {before}
    assert command(*(each.format(admin.email) for each in arguments)).exit_code == 0
    assert statuses() == {after}
