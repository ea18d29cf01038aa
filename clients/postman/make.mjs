// Make a Postman collection from the OpenAPI document of a running service: make.mjs ADDRESS FILE
//
// The conversion is openapi-to-postmanv2's own, with the document's examples as values. What is added is what a
// document cannot say: an order in which every request finds what it asks for, and what each answer must be.
import { writeFileSync } from "node:fs";
import converter from "openapi-to-postmanv2";

const [address, file] = process.argv.slice(2);
if (!address || !file) throw new Error("usage: make.mjs ADDRESS FILE");

const answer = await fetch(`${address}/openapi.json`);
if (!answer.ok) throw new Error(`${address}/openapi.json answered ${answer.status}`);
const document = await answer.json();

const options = {
  folderStrategy: "Tags",
  parametersResolution: "Example",
  enableOptionalParameters: false, // every filter stands in the collection, to be ticked
};
const collection = await new Promise((resolve, reject) => {
  converter.convertV2({ type: "json", data: document }, options, (error, result) =>
    error || !result.result ? reject(error ?? new Error(result.reason)) : resolve(result.output[0].data),
  );
});

const TAGS = ["service", "authors", "books"]; // a book needs its author
const METHODS = ["POST", "PUT", "GET", "PATCH"]; // and all of them that it was made

function byTags(one, other) {
  return TAGS.indexOf(one.name) - TAGS.indexOf(other.name);
}

function byMethods(one, other) {
  return METHODS.indexOf(one.request.method) - METHODS.indexOf(other.request.method);
}

/** The path of a request as the document writes it: /books/{book_id}. */
function pathOf(request) {
  return `/${request.url.path.join("/").replace(/:(\w+)/g, "{$1}")}`;
}

/** What each request must be answered: a documented success, of the type that is documented for it. */
function tests(request) {
  const operation = document.paths[pathOf(request)][request.method.toLowerCase()];
  const types = Object.fromEntries(
    Object.entries(operation.responses)
      .filter(([status]) => status.startsWith("2"))
      .map(([status, { content }]) => [status, Object.keys(content ?? {})]),
  );
  const lines = [
    `const types = ${JSON.stringify(types)};`,
    'pm.test("the status is a success that is documented", () =>',
    "  pm.expect(Object.keys(types)).to.include(String(pm.response.code)));",
    'pm.test("the content type is the documented one", () => {',
    '  const type = (pm.response.headers.get("Content-Type") ?? "").split(";")[0];',
    '  pm.expect(type).to.be.oneOf(types[pm.response.code].length ? types[pm.response.code] : [""]);',
    "});",
    'pm.test("the answer carries its request\'s id", () =>',
    '  pm.expect(pm.response.headers.get("X-Request-ID")).to.be.a("string"));',
  ];
  const created = /^\/(author|book)s$/.exec(pathOf(request));
  if (request.method === "POST" && created)
    lines.push(`pm.collectionVariables.set("${created[1]}_id", pm.response.json().id);`);
  return lines;
}

/** Send what belongs to this run instead of the examples: the ids just made, an ISBN and a name that are new. */
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

for (const { item } of collection.item)
  for (const one of item) {
    one.event = [{ listen: "test", script: { type: "text/javascript", exec: tests(one.request) } }];
    adapt(one.request);
  }

const deletions = [...collection.item].sort(byTags).reverse().flatMap(({ item }) => item.filter(isDeletion));
collection.item = [
  ...[...collection.item]
    .sort(byTags)
    .map((folder) => ({ ...folder, item: folder.item.filter((one) => !isDeletion(one)).sort(byMethods) })),
  { name: "deletions", item: deletions },
];

function isDeletion(one) {
  return one.request.method === "DELETE";
}

/** A valid ISBN-13 that hardly any book has. */
function freshIsbn() {
  const twelve = `9798${String(Math.floor(Math.random() * 1e8)).padStart(8, "0")}`;
  const sum = [...twelve].reduce((total, digit, place) => total + Number(digit) * (place % 2 ? 3 : 1), 0);
  return `${twelve}${(10 - (sum % 10)) % 10}`;
}

const isbn = freshIsbn();
collection.variable = [
  { key: "baseUrl", value: address },
  { key: "isbn", value: isbn },
  { key: "name", value: `Ursula K. Le Guin (${isbn})` },
];

const documented = Object.values(document.paths).flatMap((path) => Object.keys(path)).length;
const made = collection.item.flatMap(({ item }) => item).length;
if (made !== documented) throw new Error(`${documented} operations are documented, and ${made} requests were made`);
writeFileSync(file, JSON.stringify(collection, null, 1));
