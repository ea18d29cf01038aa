// A typed client of the catalog, which tests a running service: client.js ADDRESS
// It signs in with EMAIL and PASSWORD of the environment, an account with the role editor.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "../build/catalog.js";

type Book = components["schemas"]["Book"];
type BookPage = components["schemas"]["BookPage"];
type NewBook = components["schemas"]["NewBook"];
type Problem = components["schemas"]["Problem"];
type Account = components["schemas"]["NewSession"]["account"];
type Scope = components["schemas"]["NewKey"]["scopes"][number];

const address = process.argv[2];
assert(address, "usage: client.js ADDRESS");
const { EMAIL: email, PASSWORD: password } = process.env;
assert(email && password, "set EMAIL and PASSWORD to those of an account with the role editor");

// Items of lists in a query are separated by commas.
const options = { baseUrl: address, querySerializer: { array: { style: "form", explode: false } } } as const;
const client = createClient<paths>(options);
type Client = typeof client;

/** A client that sends a token with each request. */
function clientWith(token: string): Client {
  const own = createClient<paths>(options);
  own.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
  });
  return own;
}

/** Signs in, and returns a client with the session. */
async function signIn(): Promise<Client> {
  const { data: session, response } = await client.POST("/tokens", { body: { email: email!, password: password! } });
  assert(session && "account" in session, `POST /tokens returned ${response.status}`);
  assert.equal(session.kind, "session");
  const account: Account = session.account;
  assert.equal(account.email, email);
  return clientWith(session.token);
}

/** Creates a key with some scopes, and returns a client with the key, and the id of the key. */
async function createKey(session: Client, scopes: Scope[]): Promise<[Client, number]> {
  const { data: key, response } = await session.POST("/tokens", { body: { name: "A TypeScript client", scopes } });
  assert(key && "scopes" in key, `POST /tokens returned ${response.status}`);
  assert.deepEqual(key.scopes, scopes);
  return [clientWith(key.token), key.id];
}

/** Without a token, with a wrong one, and with a key that lacks the scope, a write is refused. */
async function readRefusals(session: Client): Promise<void> {
  const body: NewBook = { title: "Refused" };
  const wrong = await clientWith("wrong").POST("/books", { body });
  assert.equal(wrong.response.status, 401);
  assert.equal(wrong.error?.type, "/problems/invalid-credentials");
  assert.match(wrong.response.headers.get("WWW-Authenticate") ?? "", /error="invalid_token"/);

  const [reader, keyId] = await createKey(session, ["catalog:read"]);
  assert((await reader.GET("/books")).data);
  const lacking = await reader.POST("/books", { body });
  assert.equal(lacking.response.status, 403);
  assert.equal(lacking.error?.type, "/problems/forbidden");
  assert.match(lacking.error?.detail ?? "", /catalog:write/);

  const revoked = await session.DELETE("/tokens/{token_id}", { params: { path: { token_id: keyId } } });
  assert.equal(revoked.response.status, 204);
  assert.equal((await reader.GET("/books")).response.status, 401);

  assert.equal((await client.GET("/me")).error?.type, "/problems/unauthenticated");
}

/** The books of a page and of the pages after it, by `links.next`. */
async function* follow(page: BookPage): AsyncGenerator<BookPage["data"][number]> {
  for (let current: BookPage | null = page; current; current = await after(current)) yield* current.data;
}

async function after(page: BookPage): Promise<BookPage | null> {
  if (page.links.next === null) return null;
  const response = await fetch(new URL(page.links.next, address));
  assert.equal(response.status, 200);
  return (await response.json()) as BookPage;
}

async function readPages(): Promise<void> {
  const { data: page, response } = await client.GET("/books", {
    params: { query: { limit: 3, total: "exact", sort: ["-published", "title"], fields: ["id", "title", "authors"] } },
  });
  assert(page, `GET /books returned ${response.status}`);
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

/** All records of a list, each as soon as it arrives. */
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

async function readStreams(): Promise<void> {
  const { data: page } = await client.GET("/books", { params: { query: { total: "exact" } } });
  const { data: stream, response } = await client.GET("/books", {
    params: { query: { sort: ["title"] } },
    headers: { Accept: "application/x-ndjson" },
    parseAs: "stream",
  });
  assert(stream !== undefined, `GET /books returned ${response.status}`);
  const ids = new Set<number>();
  for await (const book of records<Book>(stream)) ids.add(book.id);
  assert.equal(ids.size, page?.meta.total);

  const { data: table } = await client.GET("/books", { headers: { Accept: "text/csv" }, parseAs: "text" });
  assert(table?.startsWith("id,title,"));
}

async function write(client: Client): Promise<void> {
  const book: NewBook = {
    title: "The Dispossessed",
    published: "1974",
    authors: [{ name: "A TypeScript client", role: "author" }],
  };
  const created = await client.POST("/books", { body: book });
  assert(created.data && "id" in created.data, `POST /books returned ${created.response.status}`);
  const made: Book = created.data;
  assert.equal(created.response.headers.get("Location"), `/books/${made.id}`);

  // @ts-expect-error: an unknown role does not compile.
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

  const outdated = await client.PATCH("/books/{book_id}", {
    params: { path, header: { "If-Match": etag } },
    body: { page_count: 1 },
  });
  assert.equal(outdated.response.status, 412);

  // A record that was read can be sent back.
  const replaced = await client.PUT("/books/{book_id}", { params: { path }, body: patched.data! });
  assert.equal(replaced.data?.updated_at, patched.data?.updated_at);

  const deleted = await client.DELETE("/books/{book_id}", { params: { path } });
  assert.equal(deleted.response.status, 204);
  const gone = await client.GET("/books/{book_id}", { params: { path } });
  assert.equal(gone.error?.status, 404);
  await client.DELETE("/authors/{author_id}", { params: { path: { author_id: author.id } } });
}

async function readProblem(client: Client): Promise<void> {
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

  // @ts-expect-error: an unknown parameter does not compile.
  const unknown = await client.GET("/books", { params: { query: { "titel[contains]": "x" } } });
  assert.equal(unknown.error?.type, "/problems/invalid-query");
}

await readPages();
await filter();
await readStreams();
const session = await signIn();
const [writer, keyId] = await createKey(session, ["catalog:read", "catalog:write"]);
await write(writer);
await readProblem(writer);
await readRefusals(session);
await session.DELETE("/tokens/{token_id}", { params: { path: { token_id: keyId } } });
await session.DELETE("/tokens/current");
console.log("The TypeScript client works.");
