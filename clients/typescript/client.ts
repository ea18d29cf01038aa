// A typed client of the catalog, run against a service: client.js ADDRESS
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "../build/catalog.js";

type Book = components["schemas"]["Book"];
type BookPage = components["schemas"]["BookPage"];
type NewBook = components["schemas"]["NewBook"];
type Problem = components["schemas"]["Problem"];

const address = process.argv[2];
assert(address, "usage: client.js ADDRESS");

// Lists in a query are separated by commas.
const client = createClient<paths>({
  baseUrl: address,
  querySerializer: { array: { style: "form", explode: false } },
});

/** The books of a page and of those after it, by `links.next`. */
async function* follow(page: BookPage): AsyncGenerator<BookPage["data"][number]> {
  for (let current: BookPage | null = page; current; current = await after(current)) yield* current.data;
}

async function after(page: BookPage): Promise<BookPage | null> {
  if (page.links.next === null) return null;
  const answer = await fetch(new URL(page.links.next, address));
  assert.equal(answer.status, 200);
  return (await answer.json()) as BookPage;
}

async function readPages(): Promise<void> {
  const { data: page, response } = await client.GET("/books", {
    params: { query: { limit: 3, total: "exact", sort: ["-published", "title"], fields: ["id", "title", "authors"] } },
  });
  assert(page, `GET /books answered ${response.status}`);
  assert.equal(page.data.length, 3);
  for (const book of page.data) {
    const title: string | undefined = book.title;
    const names: string[] | undefined = book.authors?.map((author) => author.name);
    assert.equal(typeof title, "string");
    assert(names);
  }
  const total: number | undefined = page.meta.total;
  assert.equal(response.headers.get("X-Total-Count"), String(total));

  const ids = new Set<number | undefined>();
  let count = 0;
  for await (const book of follow(page)) {
    ids.add(book.id);
    if (++count === 10) break;
  }
  assert.equal(ids.size, Math.min(10, total ?? 0));
}

async function filter(): Promise<void> {
  const { data: page } = await client.GET("/books", {
    params: { query: { "title[contains]": "tale", "published[lte]": "1990", "language[in]": ["en", "ru"], "isbn[null]": true } },
  });
  assert(page);
  for (const book of page.data) assert.match((book.title ?? "").toLowerCase(), /tale/);
}

/** All records of a list as they arrive, without waiting for the last one. */
async function* records<Record>(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<Record> {
  assert(stream);
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Record;
  }
  assert.equal(rest, "");
}

async function readEverything(): Promise<void> {
  const { data: page } = await client.GET("/books", { params: { query: { total: "exact" } } });
  const { data: stream, response } = await client.GET("/books", {
    params: { query: { sort: ["title"] } },
    headers: { Accept: "application/x-ndjson" },
    parseAs: "stream",
  });
  assert(stream !== undefined, `GET /books answered ${response.status}`);
  const ids = new Set<number>();
  for await (const book of records<Book>(stream)) ids.add(book.id);
  assert.equal(ids.size, page?.meta.total);

  const { data: table } = await client.GET("/books", { headers: { Accept: "text/csv" }, parseAs: "text" });
  assert(table?.startsWith("id,title,"));
}

async function write(): Promise<void> {
  const book: NewBook = {
    title: "The Dispossessed",
    published: "1974",
    authors: [{ name: "A TypeScript client", role: "author" }],
  };
  const created = await client.POST("/books", { body: book });
  assert(created.data && "id" in created.data, `POST /books answered ${created.response.status}`);
  const made: Book = created.data;
  assert.equal(created.response.headers.get("Location"), `/books/${made.id}`);

  // @ts-expect-error: a role that is none does not compile.
  ({ title: "A book", authors: [{ name: "A TypeScript client", role: "writer" }] }) satisfies NewBook;

  const [author] = made.authors;
  assert(author);

  const etag = created.response.headers.get("ETag");
  assert(etag);
  const path = { book_id: made.id };
  const patched = await client.PATCH("/books/{book_id}", {
    params: { path, header: { "If-Match": etag } },
    body: { page_count: 341, published: null },
  });
  const pages: number | null | undefined = patched.data?.page_count;
  assert.equal(pages, 341);
  assert.equal(patched.data?.published, null);

  const late = await client.PATCH("/books/{book_id}", {
    params: { path, header: { "If-Match": etag } },
    body: { page_count: 1 },
  });
  assert.equal(late.response.status, 412);

  // What was read is sent back.
  const replaced = await client.PUT("/books/{book_id}", { params: { path }, body: patched.data! });
  assert.equal(replaced.data?.updated_at, patched.data?.updated_at);

  const deleted = await client.DELETE("/books/{book_id}", { params: { path } });
  assert.equal(deleted.response.status, 204);
  const gone = await client.GET("/books/{book_id}", { params: { path } });
  assert.equal(gone.error?.status, 404);
  await client.DELETE("/authors/{author_id}", { params: { path: { author_id: author.id } } });
}

async function meetProblem(): Promise<void> {
  const { error, response } = await client.POST("/books", { body: { title: "A book", page_count: 0, language: "?" } });
  assert(error);
  const problem: Problem = error;
  assert.equal(response.headers.get("Content-Type"), "application/problem+json");
  assert.equal(problem.status, 422);
  assert.deepEqual(problem.errors.map(({ pointer }) => pointer).sort(), ["/language", "/page_count"]);
  switch (problem.errors[0]?.code) {
    case "invalid_language":
    case "out_of_range":
      break;
    default:
      assert.fail(`the code is ${problem.errors[0]?.code}`);
  }

  // @ts-expect-error: a name that is none does not compile.
  const unknown = await client.GET("/books", { params: { query: { "titel[contains]": "x" } } });
  assert.equal(unknown.error?.type, "/problems/invalid-query");
}

await readPages();
await filter();
await readEverything();
await write();
await meetProblem();
console.log("The TypeScript client works.");
