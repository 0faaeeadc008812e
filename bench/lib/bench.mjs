/** @file Builds the page, measures every variant in turns in one Chromium, and writes the report after each workload. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright";
import { build, preview } from "vite";
import { ensureBrowser, launchOptions } from "../../tools/browser.mjs";
import { cache } from "../../tools/common.mjs";
import { backends } from "./backends.mjs";
import { measureWorkload } from "./measure.mjs";
import { isPublishable, readOptions, UsageError } from "./options.mjs";
import { environmentOf, formatReport, workloadSection } from "./report.mjs";

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
    const url = `${server.resolvedUrls.local[0]}?backend=${options.backend}`;
    const { libraries, names, workloads } = await readTables(browser, url, options);
    let isRight = true;
    for (const workload of workloads) {
      const measured = await measureWorkload({ browser, url, folder, workload, options });
      const environment = await environmentOf({ browser, libraries, measured, options });
      const outcome = { ...measured, environment };
      console.log(`\n${workloadSection(outcome, options.backend).join("\n\n")}\n`);
      await publish(outcome, names, options);
      isRight &&= measured.failures.length === 0;
    }
    return isRight;
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Asks the page for its tables and keeps what the options name; also starts a GPU before anything is timed on it. */
async function readTables(browser, url, options) {
  const page = await browser.newPage();
  await page.goto(url);
  const { libraries, workloads } = await page.evaluate(async (backend) => {
    if (backend === "webgpu") await (await navigator.gpu.requestAdapter())?.requestDevice();
    return window.bench.tables();
  }, options.backend);
  await page.close();
  const names = workloads.map(({ name }) => name);
  return { libraries, names, workloads: selectWorkloads(workloads, options) };
}

/** What is named, or else what has bars on this backend. */
function selectWorkloads(workloads, options) {
  const { only, backend } = options;
  const unknown = only.filter((name) => !workloads.some((workload) => workload.name === name));
  if (unknown.length > 0) {
    const names = workloads.map(({ name }) => name).join(", ");
    throw new UsageError(
      `bench: unknown workload.\n  Received: --only=${unknown.join(",")}\n  Expected: ${names}.`,
    );
  }
  return workloads
    .filter(({ name, targets }) => (only.length === 0 ? targets[backend] : only.includes(name)))
    .map((workload) => selectVariants(workload, options));
}

/** With the bars of this backend, and apart what a library cannot run on it. */
function selectVariants(workload, { libraries, backend }) {
  const wanted = workload.variants.filter(
    ({ library, backends: own }) => libraries.includes(library) && (own?.includes(backend) ?? true),
  );
  return {
    ...workload,
    targets: workload.targets[backend],
    variants: wanted.filter(({ unable }) => !unable?.[backend]),
    leftOut: wanted
      .filter(({ unable }) => unable?.[backend])
      .map(({ library, name, unable }) => ({ library, name, reason: unable[backend] })),
  };
}

/** Indented, but for arrays of numbers: those take a line each. */
function toJson(value) {
  const text = JSON.stringify(value, null, 1);
  return `${text.replace(/\[[^[\]{}"]+\]/g, (numbers) => numbers.replace(/\s+/g, " "))}\n`;
}

async function readOutcomes(path) {
  try {
    return JSON.parse(await readFile(path, "utf8")).workloads;
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

/**
 * Puts a workload's figures in the place of its earlier ones. Published are those of all libraries, with rounds enough, without
 * failures; any other run leaves its files in the cache.
 */
async function publish(outcome, names, options) {
  const target = isPublishable(options) && outcome.failures.length === 0 ? folder : join(cache, "bench");
  await mkdir(target, { recursive: true });
  const { data, report } = backends[options.backend];
  const path = join(target, data);
  const known = { ...(await readOutcomes(path)), [outcome.name]: outcome };
  const workloads = Object.fromEntries(
    names.filter((name) => known[name]).map((name) => [name, known[name]]),
  );
  await writeFile(path, toJson({ workloads }));
  await writeFile(join(target, report), formatReport(Object.values(workloads), options.backend));
  console.log(`Written to ${join(target, report)} and ${data} beside it.`);
}

/** @param {string[]} args the command line; @returns {Promise<boolean>} whether nothing failed */
export async function bench(args) {
  const options = readOptions(args);
  await ensureBrowser();
  await buildPage(options);
  return measure(options);
}
