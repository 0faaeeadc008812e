/**
 * `npm run size`: what a page pays for Sequential + Dense + fit. The packages as published are bundled and the page trains
 * in Chromium. The entry has the limit: what loads before the first line runs, and what `fit` fetches for the names in
 * `compile`. The engine (compiler and backend) comes in parallel, while the adapter is asked for; it is printed, too.
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

/** All that the page loads on either backend. */
const pageLimit = 110 * 1024;
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

const chunksOf = ({ output }) => output.filter((file) => file.type === "chunk");

/** The entry with all that it imports statically. */
function firstLoad(chunks) {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const wanted = new Set([chunks.find((chunk) => chunk.isEntry).fileName]);
  for (const name of wanted) for (const next of byName.get(name).imports) wanted.add(next);
  return chunks.filter((chunk) => wanted.has(chunk.fileName));
}

/**
 * Bundles the page from the unpacked packages into .cache/size and gives its chunks. Twice: Rollup and webpack keep in one chunk
 * what the page imports statically, while rolldown cuts it by who else imports it, unless it is told.
 */
async function bundle() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const input = join(packedRoot, "entry.js");
  writeFileSync(input, entry);
  writeFileSync(join(folder, "index.html"), page);
  const build = await rolldown({ input, platform: "browser" });
  const cut = firstLoad(chunksOf(await build.generate({ format: "esm" })));
  const isStatic = new Set(cut.flatMap((chunk) => Object.keys(chunk.modules)));
  // Only these modules: what a lazy chunk needs besides stays with it.
  // The entry stays apart: it awaits at its top level, and chunks that need the library would wait for it forever.
  const groups = [{ name: "library", test: (id) => id !== input && isStatic.has(id) }];
  const whole = await rolldown({ input, platform: "browser", preserveEntrySignatures: false });
  const options = { dir: folder, format: "esm", minify: true, entryFileNames: "entry.js" };
  return chunksOf(
    await whole.write({ ...options, codeSplitting: { groups, includeDependenciesRecursively: false } }),
  );
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

const ofLayers = (chunk) => Object.keys(chunk.modules).some((path) => path.includes("@tenrec/layers/"));

/** Runs the page on one backend; gives how it ended and the bytes of its entry and of all that it loaded. */
async function measure(chunks, backend) {
  const { outcome, loaded } = await runPage(backend);
  const bytesOf = (chunk) => gzipBytes(readFileSync(join(folder, chunk.fileName)));
  const sum = (list) => list.reduce((total, chunk) => total + bytesOf(chunk), 0);
  const paid = chunks.filter((chunk) => loaded.has(chunk.fileName));
  const first = firstLoad(chunks);
  const entry = paid.filter((chunk) => first.includes(chunk) || ofLayers(chunk));
  console.log(`\nOn ${backend} the page ${outcome} and loaded ${kilobytes(sum(paid))} gzip:`);
  for (const chunk of paid)
    row(bytesOf(chunk), `${chunk.fileName}${entry.includes(chunk) ? "" : " (engine)"}`);
  return { outcome, entry, paid, entryBytes: sum(entry), bytes: sum(paid), bytesOf };
}

/** Bytes of the chunks that only one of two pages has loaded: its backend. */
function ownBytes({ paid, bytesOf }, other) {
  return paid
    .filter((chunk) => !other.paid.includes(chunk))
    .reduce((total, chunk) => total + bytesOf(chunk), 0);
}

/** @returns {Promise<boolean>} whether the page trains on either backend and its entry is within the limit */
export async function checkSize() {
  await pack();
  const chunks = await bundle();
  const webgpu = await measure(chunks, "webgpu");
  const cpu = await measure(chunks, "cpu");
  console.log("\nHeaviest modules of the entry:");
  printHeaviest(webgpu.entry);
  const entryBytes = Math.max(webgpu.entryBytes, cpu.entryBytes);
  const backends = `backends: webgpu ${kilobytes(ownBytes(webgpu, cpu))}, cpu ${kilobytes(ownBytes(cpu, webgpu))}`;
  const all = `in all ${kilobytes(webgpu.bytes)} on webgpu, ${kilobytes(cpu.bytes)} on cpu, limit ${kilobytes(pageLimit)}`;
  console.log(
    `\nSequential + Dense + fit: ${kilobytes(entryBytes)} gzip, limit ${kilobytes(limit)}; ${all}; ${backends}`,
  );
  const isWithin = entryBytes <= limit && [webgpu, cpu].every(({ bytes }) => bytes <= pageLimit);
  return isWithin && [webgpu, cpu].every(({ outcome }) => outcome === "trained");
}

if (isMain(import.meta)) process.exitCode = (await checkSize()) ? 0 : 1;
