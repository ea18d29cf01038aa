"""The values of facets: which are listed, which are chosen, and where they lead to."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from app.core.sql import facets as counting
from tests.contract.filters.meaning import FilteredCatalog

from .meaning import FACETS


def facet(client: FlaskClient, query: str, name: str) -> list[dict[str, Any]]:
    response = client.get(f"/books/facets?{query}&fields={name}")
    assert response.status_code == 200, response.text
    return list(response.json["data"][name])


def total(client: FlaskClient, url: str) -> int:
    response = client.get(f"{url}{'&' if '?' in url else '?'}total=exact&limit=1")
    assert response.status_code == 200, response.text
    return int(response.json["meta"]["total"])


def chosen(values: list[dict[str, Any]]) -> list[tuple[Any, int]]:
    return [(each["value"], each["count"]) for each in values if each["chosen"]]


@pytest.mark.parametrize("name", FACETS)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "page_count[gte]=100",
        "q=the",
        "role=translator",
        "role[ne]=editor",
        "author_id=3&role[ne]=author",
        "author_id[ne]=3",
        "author[contains]=ell",
        "subjects[ne]=Fiction",
        "language[starts]=en&publisher[null]=false",
        "published[lt]=1991",
    ],
)
def test_href_leads_to_as_many_books_as_counted(catalog: FilteredCatalog, name: str, query: str) -> None:
    values = facet(catalog.client, f"{query}&limit=100", name)
    if not any(each["chosen"] for each in values):  # beside a chosen value, the list has the books of both
        assert [total(catalog.client, each["href"]) for each in values] == [each["count"] for each in values]


def test_the_list_of_the_request_has_the_count(catalog: FilteredCatalog) -> None:
    query = "q=the&language[in]=en,fr&subjects=Fiction"
    answer = catalog.client.get(f"/books/facets?{query}&fields=language&limit=3").json
    assert answer["meta"]["count"] == total(catalog.client, answer["links"]["books"])
    assert set(parse_qsl(urlsplit(answer["links"]["books"]).query)) == set(parse_qsl(query))


@pytest.mark.parametrize(
    ("query", "name", "values"),
    [
        ("language=en", "language", ["en"]),
        ("language[in]=en,FR", "language", ["en", "fr"]),
        ("language=sw", "language", ["sw"]),
        ("language[ne]=en", "language", []),
        ("language[null]=true", "language", [None]),
        ("publisher=A, B&publisher=Ace", "publisher", ["A, B", "Ace"]),
        ("subjects=Fiction&subjects[has]=Gender", "subjects", ["Fiction", "Gender"]),
        ("role=translator", "role", ["translator"]),
        ("role=narrator", "role", ["narrator"]),
        ("author_id[null]=true", "role", [None]),
        ("author_id[null]=true", "author", [None]),
        ("author_id[in]=3,999", "author", [3, 999]),
        ("published[gte]=1990&published[lte]=1999", "decade", ["1990"]),
        ("published[gte]=1970&published[lte]=1979", "decade", ["1970"]),
        ("published[gte]=1900&published[lte]=1999", "century", ["1900"]),
        ("published[gte]=0001&published[lte]=0009", "decade", ["0000"]),
        ("published[gte]=-0050&published[lte]=-0041", "decade", ["-0050"]),
        ("published[gte]=1990&published[lte]=1998", "decade", []),
        ("published[null]=true", "decade", [None]),
    ],
)
def test_values_filtered_by_are_chosen_even_at_zero(
    catalog: FilteredCatalog, query: str, name: str, values: list[Any]
) -> None:
    for more in ("", "&limit=1", "&isbn=9780441478125"):
        found = chosen(facet(catalog.client, query + more, name))
        assert sorted((value for value, _ in found), key=str) == sorted(values, key=str), more


def test_an_author_is_chosen_by_name(catalog: FilteredCatalog) -> None:
    named = [author_id for author_id, names in catalog.names.items() if "Homer" in names or "homer" in names]
    found = chosen(facet(catalog.client, "author=homer&limit=1", "author"))
    assert set(named) <= {value for value, _ in found}


@pytest.mark.parametrize(
    ("query", "name", "value", "expected"),
    [
        ("", "language", "en", "/books?language=en"),
        ("language=fr", "language", "en", "/books?language=en&language=fr"),
        ("language[in]=fr,pt-BR", "language", "fr", "/books?language=fr&language=pt-BR"),
        ("language[ne]=fr", "language", "en", "/books?language=en"),
        ("language=en", "language", None, "/books?language%5Bnull%5D=true"),
        ("subjects=A", "subjects", "B", "/books?subjects=A&subjects=B"),
        ("subjects[has]=A", "subjects", "B", "/books?subjects%5Bhas%5D=A&subjects%5Bhas%5D=B"),
        ("published=1991", "decade", "1990", "/books?published%5Bgte%5D=1990&published%5Blte%5D=1999"),
        ("", "century", "1900", "/books?published%5Bgte%5D=1900&published%5Blte%5D=1999"),
        ("", "decade", "0000", "/books?published%5Bgte%5D=0001&published%5Blte%5D=0009"),
        ("q=the", "publisher", "A, B", "/books?publisher=A,%20B&q=the"),
        ("role[ne]=editor", "author", None, "/books?author_id%5Bnull%5D=true&role%5Bne%5D=editor"),
        ("author_id=1", "author", 2, "/books?author_id=1&author_id=2"),
        ("role=editor", "role", None, "/books?author_id%5Bnull%5D=true"),
        ("author_id=3&language=en", "author", None, "/books?author_id%5Bnull%5D=true&language=en"),
    ],
)
def test_href_chooses_a_value_beside_the_chosen_ones(
    catalog: FilteredCatalog, query: str, name: str, value: Any, expected: str
) -> None:
    hrefs = {each["value"]: each["href"] for each in facet(catalog.client, f"{query}&limit=100", name)}
    assert hrefs[value] == expected


def test_an_author_has_id_and_name(catalog: FilteredCatalog) -> None:
    for each in facet(catalog.client, "limit=100", "author"):
        assert each["value"] == each["id"]
        assert each["name"] == (catalog.names[each["id"]][0] if each["id"] else None)


def test_a_merged_author_is_chosen_by_the_old_id(client: FlaskClient) -> None:
    old, kept = (client.post("/authors", json={"name": name}).json["id"] for name in ("Old", "Kept"))
    client.post("/books", json={"title": "A", "authors": [{"id": kept}]})
    client.post(f"/authors/{kept}/merge", json={"from": [old]})
    assert chosen(facet(client, f"author_id={old}", "author")) == [(kept, 1)]


def test_a_corrected_search_is_counted_as_corrected(client: FlaskClient) -> None:
    client.post("/books", json=[{"title": "Lighthouse", "language": code} for code in ("en", "en", "fr")])
    answer = client.get("/books/facets?q=lighthuose&fields=language").json
    assert answer["meta"] == {"count": 3, "counted": "exact", "match": "fuzzy", "did_you_mean": "lighthouse"}
    values = answer["data"]["language"]
    assert [(each["value"], each["count"], total(client, each["href"])) for each in values] == [
        ("en", 2, 2),
        ("fr", 1, 1),
    ]
    assert total(client, answer["links"]["books"]) == 3


def test_many_books_are_estimated_from_a_sample(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.post("/books", json=[{"title": f"T{index}", "language": "en"} for index in range(400)])
    monkeypatch.setattr(counting, "MOST_EXACT", 0)
    monkeypatch.setattr(counting, "SAMPLE", 200)
    monkeypatch.setattr(counting, "LEAST_SAMPLE", 0)
    query = "/books/facets?fields=language,publisher&language=en&publisher[null]=true&limit=1"
    answer = client.get(query, headers={"Cache-Control": "no-cache"}).json
    assert answer["meta"]["counted"] == "estimated"
    assert answer["data"]["language"][0] == {
        "value": "en",
        "count": answer["data"]["language"][0]["count"],
        "chosen": True,
        "href": "/books?language=en&publisher%5Bnull%5D=true",
    }
    assert client.get(query, headers={"Cache-Control": "no-cache"}).json == answer


def test_a_misjudged_number_of_books_is_sampled(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.post("/books", json=[{"title": f"T{index}", "language": "en"} for index in range(400)])
    monkeypatch.setattr(counting, "MOST_COUNTED", 100)
    monkeypatch.setattr(counting, "SAMPLE", 1)
    monkeypatch.setattr(counting, "LEAST_SAMPLE", 0)
    assert client.get("/books/facets?fields=language").json["meta"]["counted"] == "estimated"


def test_a_url_that_would_be_too_long_is_null(client: FlaskClient) -> None:
    client.post("/books", json=[{"title": "T", "publisher": "本" * 1000}, {"title": "U", "publisher": "Ace"}])
    hrefs = {each["value"]: each["href"] for each in facet(client, "", "publisher")}
    assert hrefs == {"本" * 1000: None, "Ace": "/books?publisher=Ace"}
