/** Measures the variants of one workload: a page each, rounds in turns, so that noise of the machine hits all alike. */
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { median } from "./stats.mjs";

const lossTolerance = 1e-3;
/** Steps after which a hand-written step's page time is taken, and over which: by then the script is compiled. */
const settledSteps = 200;

/** Opens a page of its own process (a context each) and finishes one training step in it. */
async function openPage(browser, url, workload, variant) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console error: ${message.text()}`);
  });
  page.on("crash", () => problems.push("the page crashed"));
  await page.goto(url);
  const cold = await page.evaluate(
    ([name, library, kind]) => window.bench.coldStart(name, library, kind),
    [workload.name, variant.library, variant.name],
  );
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  return { context, page, devtools, problems, cold };
}

async function gzipBytes(folder, scripts) {
  const files = await Promise.all(scripts.map((path) => readFile(join(folder, "dist", path))));
  return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
}

/** Seconds of processor time so far: of the page's main thread, and of the GPU process (which SwiftShader runs in). */
async function processorTimes(browserDevtools, devtools) {
  const { metrics } = await devtools.send("Performance.getMetrics");
  const { processInfo } = await browserDevtools.send("SystemInfo.getProcessInfo");
  return {
    page: metrics.find(({ name }) => name === "ThreadTime").value,
    gpu: processInfo.find(({ type }) => type === "GPU").cpuTime,
  };
}

async function runRound(browserDevtools, entry, epochs) {
  await entry.page.bringToFront();
  const before = await processorTimes(browserDevtools, entry.devtools);
  const report = await entry.page.evaluate((count) => window.bench.round(count), epochs);
  const after = await processorTimes(browserDevtools, entry.devtools);
  return {
    ...report,
    msPerStep: report.wallMs / report.steps,
    pageCpuMsPerStep: ((after.page - before.page) * 1000) / report.steps,
    gpuCpuMsPerStep: ((after.gpu - before.gpu) * 1000) / report.steps,
    load: loadavg()[0],
  };
}

async function coldStarts(browser, url, workload, variants, count) {
  const times = variants.map(() => []);
  for (let turn = 0; turn < count; turn++) {
    for (const [index, variant] of variants.entries()) {
      const { context, cold } = await openPage(browser, url, workload, variant);
      times[index].push(cold.milliseconds);
      await context.close();
    }
  }
  return times;
}

export async function measureWorkload({ browser, url, folder, workload, options }) {
  const browserDevtools = await browser.newBrowserCDPSession();
  const { variants, ...row } = workload;
  const label = ({ library, name }) => `${workload.name} ${library} ${name}`;
  const coldTimes = await coldStarts(browser, url, workload, variants, options.cold - 1);
  const entries = [];
  for (const [index, variant] of variants.entries()) {
    const entry = await openPage(browser, url, workload, variant);
    coldTimes[index].push(entry.cold.milliseconds);
    console.log(`${label(variant)}: first step after ${Math.round(entry.cold.milliseconds)} ms`);
    entries.push({ variant, ...entry, rounds: [] });
  }
  // The warm-up round compiles what an epoch needs; it is checked like the others, but not timed.
  for (let round = 0; round <= options.rounds; round++) {
    for (const entry of entries) {
      const report = await runRound(browserDevtools, entry, options.epochs);
      entry.rounds.push(report);
      console.log(`${label(entry.variant)}: round ${round}, ${report.msPerStep.toFixed(1)} ms per step`);
    }
  }
  await measureSettled(browserDevtools, entries, workload);
  const results = [];
  for (const [index, entry] of entries.entries()) {
    results.push(await summarize(entry, coldTimes[index], folder));
    await entry.context.close();
  }
  return { ...row, results, failures: findFailures(workload, entries) };
}

/** Our own hand-written steps alone, after more of them: the bar is set for a page that has warmed up. */
async function measureSettled(browserDevtools, entries, { stepsPerEpoch }) {
  const epochs = Math.ceil(settledSteps / stepsPerEpoch);
  for (const entry of entries) {
    if (entry.variant.library !== "tenrec" || entry.rounds.at(-1).stepScriptMs === null) continue;
    await runRound(browserDevtools, entry, epochs);
    entry.settled = await runRound(browserDevtools, entry, epochs);
  }
}

async function summarize({ variant, cold, rounds, settled }, coldTimes, folder) {
  const timed = rounds.slice(1);
  const of = (pick) => median(timed.map(pick));
  const last = timed.at(-1);
  return {
    ...variant,
    msPerStep: of(({ msPerStep }) => msPerStep),
    roundsMsPerStep: timed.map(({ msPerStep }) => msPerStep),
    stepScriptMs: last.stepScriptMs === null ? null : of(({ stepScriptMs }) => stepScriptMs),
    settled: settled
      ? { stepScriptMs: settled.stepScriptMs, quickMs: settled.stepScriptQuickMs, load: settled.load }
      : null,
    pageCpuMsPerStep: of(({ pageCpuMsPerStep }) => pageCpuMsPerStep),
    gpuCpuMsPerStep: of(({ gpuCpuMsPerStep }) => gpuCpuMsPerStep),
    roundsGpuCpuMsPerStep: timed.map(({ gpuCpuMsPerStep }) => gpuCpuMsPerStep),
    perStep: last.counts,
    coldStartMs: median(coldTimes),
    pipelinesFirstStep: cold.pipelines,
    pipelines: last.pipelines,
    gzipBytes: await gzipBytes(folder, cold.scripts),
    liveBytes: last.liveBytes,
    peakBytes: last.peakBytes,
    finalLoss: last.epochs.at(-1).loss,
    finalAccuracy: last.epochs.at(-1).accuracy,
    losses: rounds.flatMap(({ epochs }) => epochs.map(({ loss }) => loss)),
    load: timed.map(({ load }) => load),
    adapter: cold.adapter,
  };
}

/** GPU and page errors, and losses that differ: whoever does other work is not measured. */
function findFailures(workload, entries) {
  const failures = entries.flatMap(({ variant, problems, rounds }) =>
    [...problems, ...rounds.at(-1).errors].map(
      (text) => `${workload.name} ${variant.library} ${variant.name}: ${text}`,
    ),
  );
  const lossesOf = ({ rounds }) => rounds.flatMap(({ epochs }) => epochs.map(({ loss }) => loss));
  const reference = lossesOf(entries[0]);
  for (const entry of entries.slice(1)) {
    const worst = Math.max(
      ...lossesOf(entry).map((loss, epoch) => Math.abs(loss - reference[epoch]) / Math.abs(reference[epoch])),
    );
    if (worst <= lossTolerance) continue;
    const { library, name } = entry.variant;
    failures.push(
      `${workload.name} ${library} ${name}: losses differ from ${entries[0].variant.library}'s by ${worst.toExponential(1)} (allowed ${lossTolerance})`,
    );
  }
  return failures;
}
