def test_a_book_is_created_with_its_authors_and_read_back(client):
    created = client.post("/books", json={"title": "Dune", "authors": [{"name": "Frank Herbert"}]})
    assert created.status_code == 201
    read = client.get(created.headers["Location"])
    assert read.json == created.json
    assert read.headers["ETag"] == created.headers["ETag"]
    assert read.json["created_at"] == read.json["updated_at"]


def test_server(start_server, database_url):
    server = start_server(database_url)
    assert b"200" in server.raw(b"GET /books HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_one_statement_a_read(client, add_book, statements):
    add_book()
    statements.clear()
    client.get("/books?total=exact&sort=-published,title&author[contains]=x")
    assert len(statements) == 1
