/**
 * `npm run size`: what a page pays for Sequential + Dense + fit. The packages as published are bundled, the page trains
 * in Chromium, and what it really loaded is counted: lazy parts that this page needs included, others not.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { cache, isMain } from "./common.mjs";
import { pack, packedRoot } from "./pack.mjs";
import { serve } from "./serve.mjs";

/** 40 KB, the promise of the README; TensorFlow.js costs 198 KB and jax-js 103 KB for the same page. */
const limit = 40 * 1024;
const folder = join(cache, "size");

const entry = `import { init, layers, Sequential } from "tenrec";
await init({ backend: new URLSearchParams(location.search).get("backend") });
const count = 64;
const values = Array.from({ length: count }, (_, i) => [Math.sin(i), Math.cos(i)]);
const labels = values.map(([a, b]) => (a > 0.5 ? 2 : a > b ? 1 : 0));
const model = new Sequential([
  new layers.Dense(16, { activation: "relu" }),
  new layers.Dense(3, { activation: "softmax" }),
]);
model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
const { history } = await model.fit(values, labels, { epochs: 5, batchSize: 32, verbose: 0 });
document.title = history.loss.at(-1) < history.loss[0] ? "trained" : "did not learn";
`;

const page = `<!doctype html>
<html lang="en"><title>training</title><script type="module" src="./entry.js"></script></html>
`;

const gzipBytes = (code) => gzipSync(code, { level: 9 }).length;
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const row = (bytes, name) => console.log(`${kilobytes(bytes).padStart(9)}  ${name}`);

/** Bundles the page from the unpacked packages into .cache/size and gives its chunks. */
async function bundle() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const input = join(packedRoot, "entry.js");
  writeFileSync(input, entry);
  writeFileSync(join(folder, "index.html"), page);
  const build = await rolldown({ input, platform: "browser" });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    minify: true,
    entryFileNames: "entry.js",
  });
  return output.filter((file) => file.type === "chunk");
}

/** Runs the page until it says how training went; gives its last title and the scripts it asked for. */
async function runPage(backend) {
  const { chromium } = await import("playwright");
  const { launchOptions } = await import("./browser.mjs");
  const server = await serve({ folder });
  const browser = await chromium.launch(launchOptions());
  try {
    const tab = await browser.newPage();
    const loaded = new Set();
    const faults = [];
    tab.on("request", (request) => loaded.add(new URL(request.url()).pathname.slice(1)));
    tab.on("pageerror", (error) => faults.push(error.message));
    await tab.goto(`${server.url}/index.html?backend=${backend}`);
    for (let i = 0; i < 300 && (await tab.title()) === "training" && faults.length === 0; i++)
      await tab.waitForTimeout(100);
    return { outcome: faults[0] ?? (await tab.title()), loaded };
  } finally {
    await browser.close();
    server.close();
  }
}

/** The heaviest modules, for whoever has to make the page lighter; each is compressed alone. */
function printHeaviest(chunks, count = 15) {
  const modules = chunks.flatMap((chunk) => Object.entries(chunk.modules));
  const sized = modules.map(([path, { code }]) => [
    gzipBytes(code ?? ""),
    path.replace(/^.*node_modules\//, ""),
  ]);
  for (const [bytes, path] of sized.sort((a, b) => b[0] - a[0]).slice(0, count)) row(bytes, path);
}

/** Runs the page on one backend, prints what it loaded and says whether it trained within the limit. */
async function measure(chunks, backend) {
  const { outcome, loaded } = await runPage(backend);
  const paid = chunks.filter((chunk) => loaded.has(chunk.fileName));
  const bytesOf = (chunk) => gzipBytes(readFileSync(join(folder, chunk.fileName)));
  printHeaviest(paid);
  for (const chunk of chunks)
    row(bytesOf(chunk), `${chunk.fileName}${paid.includes(chunk) ? "" : " (not loaded)"}`);
  const total = paid.reduce((sum, chunk) => sum + bytesOf(chunk), 0);
  const limits = `${kilobytes(total)} gzip, limit ${kilobytes(limit)}`;
  console.log(`Sequential + Dense + fit on ${backend}: ${limits}; the page ${outcome}\n`);
  return outcome === "trained" && total <= limit;
}

/** @returns {Promise<boolean>} whether the page trains and is within the limit, on either backend */
export async function checkSize() {
  await pack();
  const chunks = await bundle();
  const webgpu = await measure(chunks, "webgpu");
  const cpu = await measure(chunks, "cpu");
  return webgpu && cpu;
}

if (isMain(import.meta)) process.exitCode = (await checkSize()) ? 0 : 1;
