/** Builds the page, measures every variant in turns in one Chromium, prints the report and writes it to files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright";
import { build, preview } from "vite";
import { ensureBrowser, launchOptions } from "../../tools/browser.mjs";
import { cache } from "../../tools/common.mjs";
import { measureWorkload } from "./measure.mjs";
import { isWhole, readOptions, UsageError } from "./options.mjs";
import { environment, formatReport } from "./report.mjs";

const folder = join(import.meta.dirname, "..");
const configFile = join(folder, "vite.config.ts");

async function buildPage(options) {
  // A library left out need not even be installed: its import stays in a chunk that no page loads.
  const external = options.libraries.includes("tenrec") ? [] : ["tenrec"];
  await build({ configFile, build: { rolldownOptions: { external } } });
}

async function measure(options) {
  const server = await preview({ configFile });
  const browser = await chromium.launch(launchOptions());
  try {
    const url = server.resolvedUrls.local[0];
    const { libraries, workloads } = await readTables(browser, url, options);
    const results = [];
    for (const workload of workloads) {
      results.push(await measureWorkload({ browser, url, folder, workload, options }));
    }
    return { environment: await environment({ browser, libraries, results }), options, results };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Asks the page for its tables and keeps what the options name; also starts the GPU process before anything is timed. */
async function readTables(browser, url, options) {
  const page = await browser.newPage();
  await page.goto(url);
  const { libraries, workloads } = await page.evaluate(async () => {
    await (await navigator.gpu.requestAdapter())?.requestDevice();
    return window.bench.tables();
  });
  await page.close();
  return { libraries, workloads: selectWorkloads(workloads, options) };
}

function selectWorkloads(workloads, { only, libraries }) {
  const unknown = only.filter((name) => !workloads.some((workload) => workload.name === name));
  if (unknown.length > 0) {
    const names = workloads.map(({ name }) => name).join(", ");
    throw new UsageError(
      `bench: unknown workload.\n  Received: --only ${unknown.join(",")}\n  Expected: ${names}.`,
    );
  }
  return workloads
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .map((workload) => ({
      ...workload,
      variants: workload.variants.filter(({ library }) => libraries.includes(library)),
    }));
}

/** Only a whole run without failures replaces the published figures; any other leaves its files in the cache. */
async function writeReport(outcome, report) {
  const target = isWhole(outcome.options) && !hasFailures(outcome) ? folder : join(cache, "bench");
  await mkdir(target, { recursive: true });
  await writeFile(join(target, "RESULTS.md"), report);
  await writeFile(join(target, "results.json"), `${JSON.stringify(outcome, null, 2)}\n`);
  console.log(`Written to ${join(target, "RESULTS.md")} and results.json beside it.`);
}

const hasFailures = ({ results }) => results.some(({ failures }) => failures.length > 0);

/** @param {string[]} args the command line; @returns {Promise<boolean>} whether nothing failed */
export async function bench(args) {
  const options = readOptions(args);
  await ensureBrowser();
  await buildPage(options);
  const outcome = await measure(options);
  const report = formatReport(outcome);
  console.log(report);
  await writeReport(outcome, report);
  return !hasFailures(outcome);
}
