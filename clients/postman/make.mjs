// Generates a Postman collection from the OpenAPI document of a running service: make.mjs ADDRESS FILE
//
// openapi-to-postmanv2 converts the document, with its examples as values. This script adds an order in which every
// request finds its records, and a test of each response. The collection signs in with the variables `email` and
// `password`, those of an editor, and then sends a key.
import { writeFileSync } from "node:fs";
import converter from "openapi-to-postmanv2";

const [address, file] = process.argv.slice(2);
if (!address || !file) throw new Error("usage: make.mjs ADDRESS FILE");

const response = await fetch(`${address}/openapi.json`);
if (!response.ok) throw new Error(`${address}/openapi.json returned ${response.status}`);
const document = await response.json();

const options = {
  folderStrategy: "Tags",
  parametersResolution: "Example",
  enableOptionalParameters: false, // filters are in the collection, but not selected
};
const collection = await new Promise((resolve, reject) => {
  converter.convertV2({ type: "json", data: document }, options, (error, result) =>
    error || !result.result ? reject(error ?? new Error(result.reason)) : resolve(result.output[0].data),
  );
});

const TAGS = ["tokens", "accounts", "service", "search", "authors", "books"]; // a book refers to an author
// Operations on accounts take an administrator, or end the sign-in or the account.
const ON_ACCOUNTS = ["POST /tokens", "GET /tokens", "DELETE /tokens/current", "GET /me"];
const METHODS = ["POST", "PUT", "GET", "PATCH"]; // a record is created before it is read

function byTags(folder, other) {
  return TAGS.indexOf(folder.name) - TAGS.indexOf(other.name);
}

function byMethods(item, other) {
  return METHODS.indexOf(item.request.method) - METHODS.indexOf(other.request.method);
}

/** The path of a request as a template of the document: /books/{book_id}. */
function pathOf(request) {
  return `/${request.url.path.join("/").replace(/:(\w+)/g, "{$1}")}`;
}

/** The method and path of a request, as in the document: POST /books. */
function nameOf(request) {
  return `${request.method} ${pathOf(request)}`;
}

function isLeftOut(operation, tag) {
  return ["accounts", "tokens"].includes(tag) && !ON_ACCOUNTS.includes(operation);
}

/** The tests of a response: a documented success with its documented content type. */
function tests(request) {
  const operation = document.paths[pathOf(request)][request.method.toLowerCase()];
  const types = Object.fromEntries(
    Object.entries(operation.responses)
      .filter(([status]) => status.startsWith("2"))
      .map(([status, { content }]) => [status, Object.keys(content ?? {})]),
  );
  const lines = [
    `const types = ${JSON.stringify(types)};`,
    'pm.test("the status is a documented success", () =>',
    "  pm.expect(Object.keys(types)).to.include(String(pm.response.code)));",
    'pm.test("the content type is documented", () => {',
    '  const type = (pm.response.headers.get("Content-Type") ?? "").split(";")[0];',
    '  pm.expect(type).to.be.oneOf(types[pm.response.code].length ? types[pm.response.code] : [""]);',
    "});",
    'pm.test("the response has a request id", () =>',
    '  pm.expect(pm.response.headers.get("X-Request-ID")).to.be.a("string"));',
  ];
  const created = /^\/(author|book)s$/.exec(pathOf(request));
  if (request.method === "POST" && created)
    lines.push(`pm.collectionVariables.set("${created[1]}_id", pm.response.json().id);`);
  if (nameOf(request) === "POST /tokens")
    lines.push(
      "const { kind, token } = pm.response.json();",
      'pm.collectionVariables.set(kind === "key" ? "bearerToken" : "session", token);',
    );
  return lines;
}

/** Replaces examples by the values of this run: the ids of created records, a new ISBN and a new name. */
function adapt(request) {
  for (const variable of request.url.variable ?? [])
    if (["author_id", "book_id", "isbn"].includes(variable.key)) variable.value = `{{${variable.key}}}`;
  if (!request.body?.raw) return;
  const body = JSON.parse(request.body.raw);
  if (body.isbn) body.isbn = "{{isbn}}";
  if (body.name) body.name = "{{name}}";
  for (const contributor of body.authors ?? []) if (contributor.name) contributor.name = "{{name}}";
  request.body.raw = JSON.stringify(body, null, 2);
}

for (const folder of collection.item) {
  folder.item = folder.item.filter(({ request }) => !isLeftOut(nameOf(request), folder.name));
  for (const entry of folder.item) {
    entry.event = [{ listen: "test", script: { type: "text/javascript", exec: tests(entry.request) } }];
    adapt(entry.request);
  }
}

/** A copy of a request of the collection, with another name, token, body and tests. */
function variant(original, { name, token, body, exec }) {
  const copy = structuredClone(original);
  copy.name = name;
  copy.response = [];
  copy.request.auth = token ? bearer(token) : { type: "noauth" };
  if (body) copy.request.body.raw = JSON.stringify(body, null, 2);
  if (exec) copy.event[0].script.exec = exec;
  return copy;
}

function bearer(value) {
  return { type: "bearer", bearer: [{ key: "token", value }] };
}

function requestOf(operation) {
  return collection.item.flatMap(({ item }) => item).find(({ request }) => nameOf(request) === operation);
}

/** Signing in, creating a key, and a write that is refused: before all other requests. */
const signIn = requestOf("POST /tokens");
const first = [
  variant(signIn, { name: "Sign in", body: { email: "{{email}}", password: "{{password}}" } }),
  variant(signIn, {
    name: "Create a key",
    token: "{{session}}",
    body: { name: "A Postman collection", scopes: ["catalog:read", "catalog:write"], expires_in: 3600 },
  }),
  variant(requestOf("POST /books"), {
    name: "A wrong token is refused",
    token: "wrong",
    exec: ['pm.test("the status is 401", () => pm.response.to.have.status(401));'],
  }),
];
const signOut = [
  ["Revoke the key", "{{bearerToken}}"],
  ["Sign out", "{{session}}"],
].map(([name, token]) => variant(requestOf("DELETE /tokens/current"), { name, token }));
for (const folder of collection.item)
  folder.item = folder.item.filter(
    ({ request }) => !["POST /tokens", "DELETE /tokens/current"].includes(nameOf(request)),
  );

const deletions = [...collection.item].sort(byTags).reverse().flatMap(({ item }) => item.filter(isDeletion));
collection.item = [
  { name: "signing in", item: first },
  ...[...collection.item]
    .sort(byTags)
    .map((folder) => ({ ...folder, item: folder.item.filter((entry) => !isDeletion(entry)).sort(byMethods) })),
  { name: "deletions", item: deletions },
  { name: "signing out", item: signOut },
];

function isDeletion(entry) {
  return entry.request.method === "DELETE";
}

/** A random valid ISBN-13. */
function freshIsbn() {
  const twelve = `9798${String(Math.floor(Math.random() * 1e8)).padStart(8, "0")}`;
  const sum = [...twelve].reduce((total, digit, index) => total + Number(digit) * (index % 2 ? 3 : 1), 0);
  return `${twelve}${(10 - (sum % 10)) % 10}`;
}

const isbn = freshIsbn();
collection.variable = [
  { key: "baseUrl", value: address },
  { key: "isbn", value: isbn },
  { key: "name", value: `Ursula K. Le Guin (${isbn})` },
];

const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations)
    .map(([method, { tags }]) => [`${method.toUpperCase()} ${path}`, tags[0]])
    .filter(([operation, tag]) => !isLeftOut(operation, tag))
    .map(([operation]) => operation),
);
const generated = new Set(collection.item.flatMap(({ item }) => item).map(({ request }) => nameOf(request)));
const missing = documented.filter((operation) => !generated.has(operation));
if (missing.length) throw new Error(`no request was generated for ${missing.join(", ")}`);
writeFileSync(file, JSON.stringify(collection, null, 1));
