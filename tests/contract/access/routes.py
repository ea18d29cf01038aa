"""The routes of an application, and a request of each that changes nothing."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

# Parts of a path for which there is no record.
PARTS = {
    "id": "999999999",
    "position": "999999999",
    "isbn": "9780441478125",
    "slug": "none",
    "name": "none",
    "token": "none",
}


def routes_of(app: Flask) -> set[str]:
    """Return the routes as the rules have them, such as ``GET /books/{id}``."""
    return {
        f"{method} {path_of(rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def path_of(rule: Rule) -> str:
    """Return the path of a rule as a template, such as ``/books/{id}``."""
    return re.sub(r"<(?:[^:>]+:)?(?:\w+_)?(\w+)>", r"{\1}", rule.rule)


def send(app: Flask, route: str, headers: dict[str, str]) -> TestResponse:
    """Send a request of another machine.

    A write has an unknown parameter, which is an error after the check of access.
    """
    method, _, path = route.partition(" ")
    target = re.sub(r"{(\w+)}", lambda part: PARTS[part[1]], path) + ("" if method == "GET" else "?unknown=1")
    client = app.test_client(use_cookies=False)
    return client.open(target, method=method, headers=headers, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
