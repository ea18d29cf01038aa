"""URL_PREFIX: everything is served below a path, and every link includes it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.support.accounts import add_account, add_token, bearer

PREFIX = "/shop/api"


@pytest.fixture(scope="module")
def service(make_app) -> FlaskClient:
    return make_app(URL_PREFIX=PREFIX, TRUSTED_HOSTS=[]).test_client(use_cookies=False)


@pytest.fixture
def prefixed(service: FlaskClient, empty_catalog) -> FlaskClient:
    empty_catalog()
    for title in ("First", "Second", "Third"):
        created = service.post(f"{PREFIX}/books", json={"title": title, "authors": [{"name": "Ursula K. Le Guin"}]})
        assert created.status_code == 201
    return service


def links_in(value: object) -> list[str]:
    """Return the values of `links` anywhere in a document."""
    if isinstance(value, dict):
        own = [link for link in (value.get("links") or {}).values() if link]
        return own + [link for each in value.values() for link in links_in(each)]
    return [link for each in value for link in links_in(each)] if isinstance(value, list) else []


@pytest.mark.usefixtures("statistics")
@pytest.mark.parametrize("path", ["", "/", "/books?limit=2", "/authors/1/books?limit=1", "/books/duplicates"])
def test_links_begin_with_the_prefix_and_work(prefixed: FlaskClient, database_url: str, path: str) -> None:
    headers = bearer(add_token(database_url, add_account(database_url, "admin")))
    response = prefixed.get(PREFIX + path)
    assert response.status_code == 200
    links = links_in(response.json)
    assert links
    for link in links:
        assert link.startswith(f"{PREFIX}/") or link == PREFIX
        if "{" not in link:
            assert prefixed.get(link, headers=headers).status_code == 200, link


def test_a_walk_by_cursor_stays_below_the_prefix(prefixed: FlaskClient) -> None:
    titles, url = [], f"{PREFIX}/books?limit=1&sort=-title&fields=title"
    while url:
        page = prefixed.get(url).json
        titles += [book["title"] for book in page["data"]]
        url = page["links"]["next"]
    assert titles == ["Third", "Second", "First"]


def test_location_names_the_created_record(prefixed: FlaskClient) -> None:
    created = prefixed.post(f"{PREFIX}/books", json={"title": "Fourth"})
    assert created.headers["Location"] == f"{PREFIX}/books/4"
    assert prefixed.get(created.headers["Location"]).json["title"] == "Fourth"


def test_a_merged_record_redirects_below_the_prefix(prefixed: FlaskClient) -> None:
    assert prefixed.post(f"{PREFIX}/books/1/merge", json={"from": [2]}).status_code == 200
    redirect = prefixed.get(f"{PREFIX}/books/2?fields=id")
    assert (redirect.status_code, redirect.headers["Location"]) == (308, f"{PREFIX}/books/1?fields=id")


def test_a_conflict_links_to_the_holder(prefixed: FlaskClient) -> None:
    book = {"title": "Fifth", "isbn": "9780060883287"}
    holder = prefixed.post(f"{PREFIX}/books", json=book).headers["Location"]
    conflict = prefixed.post(f"{PREFIX}/books", json=book)
    assert conflict.headers["Link"] == f'<{holder}>; rel="related"'


def test_problems_link_to_their_description(prefixed: FlaskClient) -> None:
    problem = prefixed.get(f"{PREFIX}/books/99").json
    assert problem["instance"] == f"{PREFIX}/books/99"
    assert prefixed.get(problem["type"]).json == {
        "type": problem["type"],
        "title": problem["title"],
        "status": 404,
        "help": prefixed.get(problem["type"]).json["help"],
    }


@pytest.mark.parametrize("path", ["/books", "/health/live", "/", "/shop/apis/books", "/shop"])
def test_paths_outside_of_the_prefix_are_not_found(prefixed: FlaskClient, path: str) -> None:
    response = prefixed.get(path)
    assert response.status_code == 404
    assert f"{PREFIX}/" in response.json["detail"]


def test_cached_responses_are_found_again(prefixed: FlaskClient) -> None:
    prefixed.get(f"{PREFIX}/books/1")
    assert "hit" in prefixed.get(f"{PREFIX}/books/1").headers["Cache-Status"]


def test_openapi_names_the_prefix_as_its_server(prefixed: FlaskClient) -> None:
    document = prefixed.get(f"{PREFIX}/openapi.json").json
    assert document["servers"] == [{"url": PREFIX}]
    assert "/books" in document["paths"]


def test_the_documentation_page_loads_below_the_prefix(prefixed: FlaskClient) -> None:
    page = prefixed.get(f"{PREFIX}/docs", headers={"Accept": "text/html"}).text
    assets = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    assert assets
    for asset in assets:
        assert prefixed.get(asset).status_code == 200, asset
