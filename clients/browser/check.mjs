// The docs page, and a page of another origin, in a browser: check.mjs ADDRESS [SCREENSHOT]
// The browser is the Chromium that is installed here, or that CHROMIUM names; where there is none, nothing is checked.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const PLACES = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const [address, screenshot] = process.argv.slice(2);
assert(address, "usage: check.mjs ADDRESS [SCREENSHOT]");
const executablePath = PLACES.find((place) => place && existsSync(place));
if (!executablePath) {
  console.log("There is no Chromium here: the browser is left out. CHROMIUM may name one.");
  process.exit(0);
}

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
  await crossOrigins(await browser.newPage());
} finally {
  await browser.close();
}
console.log("The docs page and a page of another origin work in a browser.");

/** The docs page loads nothing from elsewhere, shows no error, and "Execute" on GET /books answers. */
async function readDocs(page) {
  const asked = [];
  const troubles = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("response", (answer) => answer.status() >= 400 && troubles.push(`${answer.status()} ${answer.url()}`));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));

  await page.goto(`${address}/docs`);
  const operation = page.locator(".opblock", { has: page.locator('[data-path="/books"]') }).and(page.locator(".opblock-get"));
  await operation.locator(".opblock-summary-control").click();
  await operation.getByPlaceholder("limit").fill("2");
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  await operation.getByRole("button", { name: "Execute" }).click();
  const answered = operation.locator(".live-responses-table .response");
  await answered.waitFor();
  if (screenshot) await answered.screenshot({ path: screenshot.replace(".png", "-answer.png") });
  assert.match(await answered.locator(".response-col_status").innerText(), /^200/);
  assert.match(await answered.innerText(), /"limit": 2/);

  const elsewhere = asked.filter((url) => !url.startsWith(`${address}/`) && !/^(data|blob):/.test(url));
  assert.deepEqual(elsewhere, [], "the docs page asks others");
  assert.deepEqual(troubles, []);
}

/** A page of another origin reads, sees the headers it may see, and writes with If-Match, which takes a preflight. */
async function crossOrigins(page) {
  const html = await readFile(new URL("other-origin.html", import.meta.url));
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end(html));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/?service=${encodeURIComponent(address)}`);
    const shown = page.locator("#outcome");
    await shown.and(page.locator(":not(:empty)")).waitFor();
    assert.equal(await shown.innerText(), "It works.");
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
