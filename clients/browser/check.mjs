// Checks the docs page, and a page of another origin, in a browser: check.mjs ADDRESS [SCREENSHOT]
// It signs in with EMAIL and PASSWORD of the environment, an account with the role editor.
// The browser is the installed Chromium, or the one at the path in CHROMIUM. Without a browser the check is skipped.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { send, signIn } from "../session/sign-in.mjs";

const PATHS = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const [address, screenshot] = process.argv.slice(2);
assert(address, "usage: check.mjs ADDRESS [SCREENSHOT]");
const executablePath = PATHS.find((path) => path && existsSync(path));
if (!executablePath) {
  console.log("Skipped: no Chromium is installed. Set CHROMIUM to the path of one.");
  process.exit(0);
}

const token = await signIn(address);
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  await readDocs(await browser.newPage({ viewport: { width: 1280, height: 1600 } }));
  await authorize(await browser.newPage({ viewport: { width: 1280, height: 1600 } }));
  await crossOrigins(await browser.newPage());
} finally {
  await browser.close();
  await send(address, "DELETE", "/tokens/current", token);
}
console.log("The docs page and a page of another origin work in a browser.");

/** The docs page loads nothing from another host, shows no error, opens GET /books in a second, and sends a request. */
async function readDocs(page) {
  const requested = [];
  const errors = [];
  page.on("request", (request) => requested.push(request.url()));
  page.on("response", (response) => response.status() >= 400 && errors.push(`${response.status()} ${response.url()}`));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));

  const operation = page.locator(".opblock", { has: page.locator('[data-path="/books"]') }).and(page.locator(".opblock-get"));
  let milliseconds = Infinity; // the best of three, because other programs may be busy
  for (let attempt = 0; attempt < 3 && milliseconds >= 1000; attempt++) {
    await page.goto(`${address}/docs`, { waitUntil: "networkidle" });
    milliseconds = await operation.evaluate(millisecondsToOpen);
  }
  assert(milliseconds < 1000, `GET /books took ${Math.round(milliseconds)} ms to open`);

  const names = () => operation.locator("[data-param-in=query]").evaluateAll((rows) => rows.map((row) => row.dataset.paramName));
  const unfolded = ["q", "sort", "fields", "limit", "cursor", "total", "format", "offset"];
  assert.deepEqual(await names(), unfolded);
  const fold = operation.getByRole("button", { name: "Filters on title (5)" });
  await fold.click();
  assert.equal((await names()).length, unfolded.length + 5);
  await operation.getByPlaceholder("title[contains]").fill("a");
  await fold.click();
  assert.deepEqual(await names(), [...unfolded, "title[contains]"], "a filter in use stays visible");

  await operation.getByPlaceholder("limit").fill("2");
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  await operation.getByRole("button", { name: "Execute" }).click();
  const response = operation.locator(".live-responses-table .response");
  await response.waitFor();
  if (screenshot) await response.screenshot({ path: screenshot.replace(".png", "-response.png") });
  assert.match(await response.locator(".response-col_status").innerText(), /^200/);
  assert.match(await response.innerText(), /"limit": 2/);
  assert.match(await operation.locator(".request-url").innerText(), /title%5Bcontains%5D=a/);

  const elsewhere = requested.filter((url) => !url.startsWith(`${address}/`) && !/^(data|blob):/.test(url));
  assert.deepEqual(elsewhere, [], "the docs page sends requests to other hosts");
  assert.deepEqual(errors, []);
}

/** The milliseconds from the click on an operation to its parameters. Runs in the page. */
async function millisecondsToOpen(operation) {
  const start = performance.now();
  operation.querySelector(".opblock-summary-control").click();
  while (!operation.querySelector('[data-param-name="limit"]')) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}

/** The button "Authorize" takes a token, the next request is sent with it, and the page does not store it. */
async function authorize(page) {
  await page.goto(`${address}/docs`, { waitUntil: "networkidle" });
  await page.locator(".auth-wrapper").getByRole("button", { name: "Authorize" }).click();
  const dialog = page.locator(".modal-ux");
  const scheme = dialog.locator(".auth-container", { hasText: "token (http, Bearer)" });
  await scheme.locator("input").fill(token);
  if (screenshot) await page.screenshot({ path: screenshot.replace(".png", "-authorize.png") });
  await scheme.getByRole("button", { name: "Apply credentials" }).click();
  await dialog.locator(".close-modal").click();

  const operation = page.locator(".opblock-get", { has: page.locator('[data-path="/me"]') });
  await operation.locator(".opblock-summary-control").click();
  const sent = page.waitForRequest(`${address}/me`);
  await operation.getByRole("button", { name: "Execute" }).click();
  assert.equal((await sent).headers().authorization, `Bearer ${token}`);
  const response = operation.locator(".live-responses-table .response");
  await response.waitFor();
  assert.match(await response.locator(".response-col_status").innerText(), /^200/);
  assert((await response.innerText()).includes(process.env.EMAIL));
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0, "the page stores the token");
}

/** A page of another origin reads, sees the exposed headers, and writes with a token and If-Match, which need a preflight. */
async function crossOrigins(page) {
  const html = await readFile(new URL("other-origin.html", import.meta.url));
  const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(html));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/?service=${encodeURIComponent(address)}#${token}`);
    const outcome = page.locator("#outcome");
    await outcome.and(page.locator(":not(:empty)")).waitFor();
    assert.equal(await outcome.innerText(), "It works.");
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
