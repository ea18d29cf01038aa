"""The docs page: every file that it names is served, and none of its scripts is inline."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient


@pytest.fixture
def page(client: FlaskClient) -> str:
    return client.get("/docs").text


def test_the_service_serves_every_file_of_the_page(client: FlaskClient, page: str) -> None:
    addresses = re.findall(r'(?:src|href|data-url)="([^"]+)"', page)
    statuses = {address: client.get(address).status_code for address in addresses}
    assert {"/docs/page/docs.js", "/docs/page/docs.css", "/openapi.json"} <= set(addresses)
    assert set(statuses.values()) == {200}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/docs/page/docs.js", "text/javascript"), ("/docs/page/docs.css", "text/css")],
)
def test_a_file_of_the_page_has_its_media_type(client: FlaskClient, path: str, media_type: str) -> None:
    assert client.get(path).mimetype == media_type


def test_the_page_has_no_inline_script_or_style(page: str) -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    assert all("src=" in attributes and not text for attributes, text in scripts)
    assert not re.search(r"<style|\son\w+=|\sstyle=", page)


@pytest.mark.parametrize("name", ["nothing.js", "..%2fdocs.py", "../docs.py", "%00", ""])
def test_other_files_are_not_served(client: FlaskClient, name: str) -> None:
    response = client.get(f"/docs/page/{name}")
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
