// The workloads of our side in Node, for machines with a real GPU: `npm run bench:gpu`, or bundled into one file.
import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { create, globals } from "webgpu";
import type { GpuCounters } from "./gpuCounters.ts";
import type { Peaks } from "./peaks.ts";
import type { Run, Workload } from "./types.ts";

Object.assign(globalThis, globals);
const gpu = create([]);
Object.defineProperty(globalThis, "navigator", {
  value: { ...globalThis.navigator, gpu },
  configurable: true,
});

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    /** Seconds of steps that make a round. */
    seconds: { type: "string", default: "0.5" },
    /** Steps between readings, in terms of a browser's: a GPU finishes those in less than a reading takes. */
    factor: { type: "string", default: "10" },
    explain: { type: "boolean", default: false },
    /** Choose kernels by measuring them before the rounds. */
    tune: { type: "boolean", default: false },
    out: { type: "string", default: "" },
  },
});

interface Row {
  workload: string;
  variant: string;
  msPerStep: number;
  roundsMsPerStep: number[];
  scriptMs: number | null;
  dispatches: number;
  submits: number;
  bindGroups: number;
  buffersCreated: number;
  pipelines: number;
  peakBytes: number;
  firstLoss: number;
  lastLoss: number;
  gigaflops: number | null;
  gigabytes: number | null;
}

/** A problem of `factor` times as many steps, and that factor; 1 for problems that have no steps. */
function lengthened(problem: unknown): { problem: unknown; factor: number } {
  const factor = Number(options.factor);
  if (typeof problem !== "object" || problem === null) return { problem, factor: 1 };
  if ("batches" in problem && Array.isArray(problem.batches)) {
    const batches = Array.from({ length: factor }, () => problem.batches as unknown[]).flat();
    return { problem: { ...problem, batches }, factor };
  }
  if ("steps" in problem)
    return { problem: { ...problem, steps: (problem.steps as number) * factor }, factor };
  return { problem, factor: 1 };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function timed(run: Run, epochs: number): Promise<{ ms: number; loss: number; scripts: number[] }> {
  const scripts: number[] = [];
  const time = (step: () => void) => {
    const start = performance.now();
    step();
    scripts.push(performance.now() - start);
  };
  const start = performance.now();
  const results = await run.train(epochs, { time });
  return { ms: performance.now() - start, loss: results.at(-1)!.loss, scripts };
}

/** Tunes a workload's kernels and says what it changed. */
async function tuned(run: Run): Promise<void> {
  const { tune } = await import("tenrec");
  const start = performance.now();
  const { choices, clock } = await tune(() => run.train(1, { time: (step) => step() }), { force: true });
  const changed = choices.filter(({ choice, heuristic }) => choice !== heuristic);
  const seconds = fixed((performance.now() - start) / 1000, 1);
  console.log(`tuned by ${clock} in ${seconds} s: ${changed.length} of ${choices.length} choices changed`);
  for (const { problem, choice, heuristic, milliseconds } of changed) {
    const times = [milliseconds?.[heuristic], milliseconds?.[choice]].map((ms) => ms && fixed(ms, 4));
    console.log(
      `  ${problem}: ${heuristic} -> ${choice}${milliseconds ? ` (${times.join(" -> ")} ms)` : ""}`,
    );
  }
}

const perSecond = (amount: number | undefined, ms: number): number | null =>
  amount === undefined ? null : amount / ms / 1e6;

const isOurs = ({ library, backends }: Workload["variants"][number]): boolean =>
  library === "tenrec" && (backends?.includes("webgpu") ?? true);

async function measure(
  { name, stepsPerEpoch, work, problem: createProblem, variants }: Workload,
  counters: GpuCounters,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const variant of variants.filter(isOurs)) {
    const { problem, factor } = lengthened(createProblem());
    const run = await (await variant.load()).start(problem);
    const firstLoss = await run.firstStep();
    if (options.explain && run.explain) {
      console.log(`\n== ${name}, ${variant.name}\n${await run.explain()}`);
      continue;
    }
    if (options.tune) await tuned(run);
    await run.train(1, { time: (step) => step() });
    const { ms: epochMs } = await timed(run, 1);
    const epochs = Math.max(1, Math.round((seconds * 1000) / epochMs));
    const steps = epochs * stepsPerEpoch * factor;
    const before = counters.read();
    const results: { ms: number; loss: number; scripts: number[] }[] = [];
    for (let round = 0; round < rounds; round++) results.push(await timed(run, epochs));
    const after = counters.read();
    const perStep = (counter: "dispatches" | "submits" | "bindGroups" | "buffersCreated") =>
      (after[counter] - before[counter]) / steps / rounds;
    const roundsMsPerStep = results.map(({ ms }) => ms / steps);
    const msPerStep = median(roundsMsPerStep);
    const scripts = results.flatMap((result) => result.scripts);
    rows.push({
      workload: name,
      variant: variant.name,
      msPerStep,
      roundsMsPerStep,
      scriptMs: scripts.length > 0 ? median(scripts) : null,
      dispatches: perStep("dispatches"),
      submits: perStep("submits"),
      bindGroups: perStep("bindGroups"),
      buffersCreated: perStep("buffersCreated"),
      pipelines: after.pipelines - before.pipelines,
      peakBytes: after.peakBytes,
      firstLoss,
      lastLoss: results.at(-1)!.loss,
      gigaflops: perSecond(work?.flops, msPerStep),
      gigabytes: perSecond(work?.bytes, msPerStep),
    });
    console.log(rowText(rows.at(-1)!));
  }
  return rows;
}

const fixed = (value: number, digits = 2): string => Number(value.toFixed(digits)).toString();

function rowText(row: Row): string {
  const parts = [
    `${row.workload}, ${row.variant}: ${fixed(row.msPerStep, 3)} ms a step`,
    row.scriptMs !== null && `${fixed(row.scriptMs, 3)} ms of script`,
    row.gigaflops !== null && `${fixed(row.gigaflops, 1)} GFLOP/s`,
    row.gigabytes !== null && `${fixed(row.gigabytes, 1)} GB/s`,
    `${fixed(row.dispatches, 1)} dispatches, ${fixed(row.submits)} submits, ${fixed(row.bindGroups)} bind groups, ${fixed(row.buffersCreated)} buffers, ${row.pipelines} pipelines`,
    `loss ${row.firstLoss.toPrecision(6)} to ${row.lastLoss.toPrecision(6)}`,
  ];
  return parts.filter(Boolean).join(", ");
}

const share = (value: number | null, peak: number): string =>
  value === null ? "" : `${fixed((100 * value) / peak, 1)} %`;

function markdown(rows: Row[], peaks: Peaks, setting: Record<string, string>): string {
  const cells = rows.map((row) => [
    `${row.workload}, ${row.variant}`,
    fixed(row.msPerStep, 3),
    row.scriptMs === null ? "" : fixed(row.scriptMs, 3),
    row.gigaflops === null ? "" : fixed(row.gigaflops, 1),
    share(row.gigaflops, peaks.gigaflops),
    row.gigabytes === null ? "" : fixed(row.gigabytes, 1),
    share(row.gigabytes, peaks.gigabytes),
    fixed(row.dispatches, 1),
    fixed(row.submits),
    fixed(row.bindGroups),
    fixed(row.buffersCreated),
    row.pipelines,
    row.lastLoss.toPrecision(6),
  ]);
  const header =
    "|  | ms / step | script ms | GFLOP / s | of peak | GB / s | of copy | dispatches | submits | bind groups | buffers made | pipelines, warm | last loss |";
  return [
    "# Benchmark on a GPU",
    `Written by \`npm run bench:gpu\`: ${Object.entries(setting)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ")}.`,
    `Measured peaks: ${fixed(peaks.gigaflops, 0)} GFLOP/s of f32 fused multiply-adds, ${fixed(peaks.gigabytes, 1)} GB/s of copying (bytes read and written).`,
    [header, `| --- ${"| --: ".repeat(12)}|`, ...cells.map((row) => `| ${row.join(" | ")} |`)].join("\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

async function main(): Promise<void> {
  const { installGpuCounters } = await import("./gpuCounters.ts");
  const counters = installGpuCounters();
  const { workloads, largeOperations } = await import("./workloads/index.ts");
  const { measurePeaks } = await import("./peaks.ts");
  const { info } = (await gpu.requestAdapter())!;
  const adapter = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(" ");
  console.log(`adapter: ${adapter}`);
  const all = [...workloads, ...largeOperations] as readonly Workload[];
  const wanted = options.only.split(",").filter(Boolean);
  const unknown = wanted.filter((name) => !all.some((workload) => workload.name === name));
  if (unknown.length > 0) {
    throw new Error(`no workload ${unknown.join()}; there are ${all.map(({ name }) => name).join(", ")}`);
  }
  const chosen = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const peaks = options.explain ? { gigaflops: 0, gigabytes: 0 } : await measurePeaks(gpu);
  const rows: Row[] = [];
  for (const workload of chosen) {
    rows.push(
      ...(await measure(workload, counters, {
        rounds: Number(options.rounds),
        seconds: Number(options.seconds),
      })),
    );
  }
  if (counters.errors.length > 0) throw new Error(`GPU errors: ${counters.errors.join("; ")}`);
  if (options.explain) return;
  const setting = {
    date: new Date().toISOString().slice(0, 10),
    adapter,
    Node: process.versions.node,
    load: fixed(loadavg()[0]!),
  };
  const text = markdown(rows, peaks, setting);
  console.log(`\n${text}`);
  if (options.out === "") return;
  await writeFile(`${options.out}.md`, text);
  await writeFile(`${options.out}.json`, `${JSON.stringify({ setting, peaks, rows }, null, 1)}\n`);
}

await main();
// Dawn's event loop would keep the process alive.
process.exit(0);
