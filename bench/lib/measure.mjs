/** Measures the variants of one workload: a page each, rounds in turns, so that noise of the machine hits all alike. */
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { compareLosses } from "./losses.mjs";
import { median } from "./stats.mjs";

/** Steps after which a hand-written step's page time is taken, and over which: by then the script is compiled. */
const settledSteps = 200;

const label = (workload, { library, name }) => `${workload.name} ${library} ${name}`;

/** Opens a page of its own process (a context each) and finishes one training step in it. */
async function openPage(browser, url, workload, variant) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(0);
  const problems = [];
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console error: ${message.text()}`);
  });
  page.on("crash", () => problems.push("the page crashed"));
  await page.goto(url);
  try {
    const cold = await page.evaluate(
      ([name, library, kind]) => window.bench.coldStart(name, library, kind),
      [workload.name, variant.library, variant.name],
    );
    const devtools = await context.newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    return { context, page, devtools, problems, cold };
  } catch (error) {
    await context.close();
    throw error;
  }
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

/** Cold starts on fresh pages, in turns; the last page of each variant stays for the rounds. One that breaks down is left out. */
async function openPages({ browser, url, workload, options, failures }) {
  const count = workload.measuresColdStart ? options.cold : 1;
  const entries = workload.variants.map((variant) => ({ variant, coldTimes: [], rounds: [], warmup: [] }));
  for (let turn = 0; turn < count; turn++) {
    for (const entry of entries.filter(({ failed }) => !failed)) {
      await entry.context?.close();
      try {
        Object.assign(entry, await openPage(browser, url, workload, entry.variant));
      } catch (error) {
        entry.failed = true;
        failures.push(`${label(workload, entry.variant)}: ${error.message.split("\n")[0]}`);
        console.log(failures.at(-1));
        continue;
      }
      entry.coldTimes.push(entry.cold.milliseconds);
      const milliseconds = Math.round(entry.cold.milliseconds);
      console.log(`${label(workload, entry.variant)}: first step after ${milliseconds} ms`);
    }
  }
  return entries.filter(({ failed }) => !failed);
}

/**
 * Epochs that compile and settle; checked like the others, but not timed. By their time a slow variant gets fewer epochs and rounds.
 */
async function warmUp(browserDevtools, entry, { rounds, epochs, budget }) {
  const limit = budget * 1000;
  const run = async () => {
    entry.warmup.push(await runRound(browserDevtools, entry, 1));
    return entry.warmup.at(-1).wallMs;
  };
  const first = await run();
  const epochMs = first < limit / 4 ? await run() : first;
  entry.epochs = Math.max(1, Math.min(epochs, Math.floor(limit / rounds / epochMs)));
  entry.allowedRounds = Math.max(1, Math.min(rounds, Math.floor(limit / (entry.epochs * epochMs))));
}

export async function measureWorkload({ browser, url, folder, workload, options }) {
  const browserDevtools = await browser.newBrowserCDPSession();
  const failures = [];
  const entries = await openPages({ browser, url, workload, options, failures });
  for (const entry of entries) await warmUp(browserDevtools, entry, options);
  for (let round = 0; round < options.rounds; round++) {
    for (const entry of entries.filter(({ allowedRounds }) => round < allowedRounds)) {
      const report = await runRound(browserDevtools, entry, entry.epochs);
      entry.rounds.push(report);
      const time = report.msPerStep.toFixed(1);
      console.log(`${label(workload, entry.variant)}: round ${round + 1}, ${time} ms per step`);
    }
  }
  await measureSettled(browserDevtools, entries, workload);
  const results = [];
  for (const entry of entries) {
    results.push(await summarize(entry, folder));
    const errors = [...entry.problems, ...entry.rounds.at(-1).errors];
    failures.push(...errors.map((text) => `${label(workload, entry.variant)}: ${text}`));
    await entry.context.close();
  }
  failures.push(...compareLosses(results));
  const { variants: _, ...row } = workload;
  return { ...row, results, failures };
}

/** Our own hand-written steps alone, after more of them: the bar is set for a page that has warmed up. */
async function measureSettled(browserDevtools, entries, { stepsPerEpoch, targets }) {
  if (targets?.stepScriptMs === undefined) return;
  const epochs = Math.ceil(settledSteps / stepsPerEpoch);
  for (const entry of entries) {
    if (entry.variant.library !== "tenrec" || entry.rounds.at(-1).stepScriptMs === null) continue;
    await runRound(browserDevtools, entry, epochs);
    entry.settled = await runRound(browserDevtools, entry, epochs);
  }
}

async function summarize({ variant, cold, coldTimes, warmup, rounds, settled }, folder) {
  const of = (pick) => median(rounds.map(pick));
  const last = rounds.at(-1);
  return {
    ...variant,
    rounds: rounds.length,
    steps: last.steps,
    msPerStep: of(({ msPerStep }) => msPerStep),
    roundsMsPerStep: rounds.map(({ msPerStep }) => msPerStep),
    stepScriptMs: last.stepScriptMs === null ? null : of(({ stepScriptMs }) => stepScriptMs),
    settled: settled
      ? { stepScriptMs: settled.stepScriptMs, quickMs: settled.stepScriptQuickMs, load: settled.load }
      : null,
    pageCpuMsPerStep: of(({ pageCpuMsPerStep }) => pageCpuMsPerStep),
    gpuCpuMsPerStep: of(({ gpuCpuMsPerStep }) => gpuCpuMsPerStep),
    roundsGpuCpuMsPerStep: rounds.map(({ gpuCpuMsPerStep }) => gpuCpuMsPerStep),
    perStep: last.counts,
    coldStartMs: median(coldTimes),
    pipelinesFirstStep: cold.pipelines,
    pipelines: last.pipelines,
    gzipBytes: await gzipBytes(folder, cold.scripts),
    liveBytes: last.liveBytes,
    peakBytes: last.peakBytes,
    firstLoss: cold.loss,
    losses: [...warmup, ...rounds].flatMap(({ epochs }) => epochs.map(({ loss }) => loss)),
    load: rounds.map(({ load }) => load),
    adapter: cold.adapter,
  };
}
