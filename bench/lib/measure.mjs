/** @file Measures the variants of one workload: a page each, rounds in turns, so that noise of the machine hits all alike. */
import { loadavg } from "node:os";
import { backends } from "./backends.mjs";
import { compareLosses } from "./losses.mjs";
import { summarize } from "./summary.mjs";

/** Steps after which a hand-written step's page time is taken, and over which: by then the script is compiled. */
const settledSteps = 200;

/** Script and WebAssembly are compiled anew while they run: what is timed has run for so long, and a round lasts so long. */
const shortestMs = { warmUp: 500, round: 200 };

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

/**
 * Seconds of processor time so far: of the page's main thread, and of the processes that compute. That is the GPU process (which
 * SwiftShader runs in) or the pages' own with all their threads, of which only one is at work.
 */
async function processorTimes({ devtools, backend }, entry) {
  const { metrics } = await entry.devtools.send("Performance.getMetrics");
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  const computing = processInfo.filter(({ type }) => type === backends[backend].process);
  return {
    page: metrics.find(({ name }) => name === "ThreadTime").value,
    process: computing.reduce((sum, { cpuTime }) => sum + cpuTime, 0),
  };
}

async function runRound(session, entry, epochs) {
  await entry.page.bringToFront();
  const before = await processorTimes(session, entry);
  const report = await entry.page.evaluate((count) => window.bench.round(count), epochs);
  const after = await processorTimes(session, entry);
  return {
    ...report,
    msPerStep: report.wallMs / report.steps,
    pageCpuMsPerStep: ((after.page - before.page) * 1000) / report.steps,
    processCpuMsPerStep: ((after.process - before.process) * 1000) / report.steps,
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
 * Epochs that compile and settle; checked like the others, but not timed. By their time a slow variant gets fewer epochs and
 * rounds, and a quick one more epochs.
 */
async function warmUp(session, entry, { rounds, epochs, budget }) {
  const limit = budget * 1000;
  const run = async (count) => {
    entry.warmup.push(await runRound(session, entry, count));
    return entry.warmup.at(-1).wallMs / count;
  };
  let epochMs = await run(1);
  if (epochMs < limit / 4) epochMs = await run(1);
  const spent = entry.warmup.reduce((sum, { wallMs }) => sum + wallMs, 0);
  const missing = Math.floor((shortestMs.warmUp - spent) / epochMs);
  if (missing > 0) epochMs = await run(missing);
  const wanted = Math.max(epochs, Math.ceil(shortestMs.round / epochMs));
  entry.epochs = Math.max(1, Math.min(wanted, Math.floor(limit / rounds / epochMs)));
  entry.allowedRounds = Math.max(1, Math.min(rounds, Math.floor(limit / (entry.epochs * epochMs))));
}

export async function measureWorkload({ browser, url, folder, workload, options }) {
  const session = { devtools: await browser.newBrowserCDPSession(), backend: options.backend };
  const failures = [];
  const entries = await openPages({ browser, url, workload, options, failures });
  for (const entry of entries) await warmUp(session, entry, options);
  for (let round = 0; round < options.rounds; round++) {
    for (const entry of entries.filter(({ allowedRounds }) => round < allowedRounds)) {
      const report = await runRound(session, entry, entry.epochs);
      entry.rounds.push(report);
      const time = report.msPerStep.toFixed(1);
      console.log(`${label(workload, entry.variant)}: round ${round + 1}, ${time} ms per step`);
    }
  }
  await measureSettled(session, entries, workload);
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
async function measureSettled(session, entries, { stepsPerEpoch, targets }) {
  if (targets?.stepScriptMs === undefined) return;
  const epochs = Math.ceil(settledSteps / stepsPerEpoch);
  for (const entry of entries) {
    if (entry.variant.library !== "tenrec" || entry.rounds.at(-1).stepScriptMs === null) continue;
    await runRound(session, entry, epochs);
    entry.settled = await runRound(session, entry, epochs);
  }
}
