/** @file What is kept of a variant's rounds: medians, the values that ratios are made of, and what its first page showed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { median } from "./stats.mjs";

async function gzipBytes(folder, scripts) {
  const files = await Promise.all(scripts.map((path) => readFile(join(folder, "dist", path))));
  return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
}

/** What a step takes beside its kernels, where the page could time those. */
const outsideMs = ({ msPerStep, counts }) => msPerStep - counts.wasmMs;

export async function summarize({ variant, cold, coldTimes, warmup, rounds, settled }, folder) {
  const of = (pick) => median(rounds.map(pick));
  const last = rounds.at(-1);
  const isTimed = last.counts.wasmMs !== undefined;
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
    processCpuMsPerStep: of(({ processCpuMsPerStep }) => processCpuMsPerStep),
    roundsProcessCpuMsPerStep: rounds.map(({ processCpuMsPerStep }) => processCpuMsPerStep),
    wasmMsPerStep: isTimed ? of(({ counts }) => counts.wasmMs) : null,
    outsideMsPerStep: isTimed ? of(outsideMs) : null,
    leastOutsideMsPerStep: isTimed ? Math.min(...rounds.map(outsideMs)) : null,
    perStep: last.counts,
    coldStartMs: median(coldTimes),
    pipelinesFirstStep: cold.totals.pipelines,
    pipelines: last.totals.pipelines,
    workers: last.totals.workers,
    gzipBytes: await gzipBytes(folder, cold.scripts),
    liveBytes: last.totals.liveBytes,
    peakBytes: last.totals.peakBytes,
    firstLoss: cold.loss,
    losses: [...warmup, ...rounds].flatMap(({ epochs }) => epochs.map(({ loss }) => loss)),
    load: rounds.map(({ load }) => load),
    adapter: cold.adapter,
  };
}
