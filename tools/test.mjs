/**
 * `npm test`: installs what is missing, runs every ring and check, and closes with `N passed, N failed`.
 * `--fast` leaves out what needs a browser or a build; `--only=gpu,e2e` runs the steps named; other arguments
 * go to vitest or Playwright as filters.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./bootstrap.mjs";
import { bin, cache, runCommand } from "./common.mjs";

/** @typedef {{ passed: number, failed: number, skipped?: number }} Tally */

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

/** A check that either holds or not counts as one test. */
const asTally = (holds) => ({ passed: holds ? 1 : 0, failed: holds ? 0 : 1 });

/** A run that ended badly without a failed test, such as a file that does not load, is one failure all the same. */
function withExitCode(tally, code) {
  return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

function readReport(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/**
 * @param {string} project
 * @param {readonly string[]} [args] Files that run, of all, and flags.
 * @param {Record<string, string>} [env]
 * @returns {Promise<Tally>}
 */
async function vitest(project, args = filters, env = {}) {
  const path = join(cache, `vitest-${project}.json`);
  rmSync(path, { force: true });
  // What passes is quiet: without WebAssembly every device says that it computes in JavaScript.
  const silent = project === "javascript" ? ["--silent=passed-only"] : [];
  const reporters = [...silent, "--reporter=default", "--reporter=json", `--outputFile.json=${path}`];
  const { code } = await runCommand(
    bin("vitest"),
    ["run", `--project=${project}`, "--passWithNoTests", ...reporters, ...args],
    { env },
  );
  const report = readReport(path);
  const tally = {
    passed: report?.numPassedTests ?? 0,
    failed: report?.numFailedTests ?? 0,
    skipped: report?.numPendingTests ?? 0,
  };
  return withExitCode(tally, code);
}

/** @returns {Promise<Tally>} */
async function endToEnd() {
  const path = join(cache, "e2e.json");
  rmSync(path, { force: true });
  const { code } = await runCommand(bin("playwright"), ["test", ...filters]);
  const stats = readReport(path)?.stats;
  const tally = {
    passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0),
    failed: stats?.unexpected ?? 0,
    skipped: stats?.skipped ?? 0,
  };
  return withExitCode(tally, code);
}

async function browser() {
  const { ensureBrowser } = await import("./browser.mjs");
  console.log(await ensureBrowser());
  return true;
}

const sum = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: (a.skipped ?? 0) + (b.skipped ?? 0),
});

/** A ring of the cpu backend: files that are named, or a sample. */
async function sampled(ring) {
  if (filters.length > 0) return vitest(ring);
  const { sample, env } = (await import("./cpuRings.mjs")).chooseSample(ring);
  return vitest(ring, sample, env);
}

/** The long proofs, and the rings of which `npm test` runs a sample. */
async function prove() {
  let total = { passed: 0, failed: 0 };
  for (const ring of ["prove", "javascript", "relaxed", "threads"]) total = sum(total, await vitest(ring));
  return total;
}

/** Every step in order; each loads its module when it runs, for the first of them installs what the others need. */
const steps = {
  browser: async () => asTally(await browser()),
  lint: async () => asTally(await (await import("./lint.mjs")).lint()),
  typecheck: async () => asTally(await (await import("./typecheck.mjs")).typecheck()),
  node: () => vitest("node"),
  javascript: () => sampled("javascript"),
  threads: () => sampled("threads"),
  gpu: () => vitest("gpu"),
  relaxed: () => sampled("relaxed"),
  build: async () => {
    await (await import("./build.mjs")).build();
    return asTally(true);
  },
  packages: async () => asTally(await (await import("./checkPackages.mjs")).checkPackages()),
  size: async () => asTally(await (await import("./size.mjs")).checkSize()),
  e2e: endToEnd,
  prove,
};

const needBrowser = ["gpu", "relaxed", "size", "e2e", "prove"];

function chosenSteps() {
  if (flags.includes("--fast")) {
    // A sample of the random scripts, and no training of whole models; the whole run has them.
    process.env.FUZZ ??= "300";
    process.env.FAST = "1";
    return ["lint", "typecheck", "node"];
  }
  const only = flags.find((flag) => flag.startsWith("--only="));
  if (!only) return Object.keys(steps).filter((name) => name !== "prove");
  const names = only.slice("--only=".length).split(",");
  const unknown = names.filter((name) => !(name in steps));
  if (unknown.length > 0)
    throw new Error(`test: unknown ${unknown}; the steps are ${Object.keys(steps).join(", ")}.`);
  return names.some((name) => needBrowser.includes(name)) ? ["browser", ...names] : names;
}

/** @returns {Promise<Tally>} */
async function runStep(name) {
  const start = performance.now();
  console.log(`\n── ${name} ──`);
  const tally = await steps[name]().catch((error) => {
    console.error(error.message);
    return asTally(false);
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`── ${name}: ${tally.passed} passed, ${tally.failed} failed (${seconds} s)`);
  return tally;
}

/** Says what is missing, and closes as a run of tests does. */
async function install() {
  try {
    await ensureInstalled();
  } catch (error) {
    console.error(`${error.message}\n\n0 passed, 1 failed`);
    process.exit(1);
  }
}

const chosen = chosenSteps();
await install();
let total = { passed: 0, failed: 0, skipped: 0 };
const failedSteps = [];
for (const name of chosen) {
  const tally = await runStep(name);
  total = sum(total, tally);
  if (tally.failed > 0) failedSteps.push(name);
}
if (failedSteps.length > 0) console.log(`\nFailed steps: ${failedSteps.join(", ")}`);
if (total.skipped > 0) console.log(`\n${total.skipped} skipped`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
