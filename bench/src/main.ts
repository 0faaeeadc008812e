// The page under measurement: one variant of one workload, driven from outside through `window.bench`.
import { backend } from "./backend.ts";
import { installCpuCounters } from "./cpuCounters.ts";
import { installGpuCounters } from "./gpuCounters.ts";
import { libraries } from "./libraries/index.ts";
import type {
  ColdStartReport,
  Library,
  PageCounters,
  RoundReport,
  Run,
  StepClock,
  Variant,
  Workload,
} from "./types.ts";
import { workloads } from "./workloads/index.ts";

const cpuCounters = backend === "cpu" ? installCpuCounters() : null;
const counters: PageCounters = cpuCounters ?? installGpuCounters();

/** A row of the workload table without its functions. */
type WorkloadRow = Omit<Workload, "problem" | "variants"> & {
  variants: Omit<Variant<unknown>, "load">[];
};

/** What a driver may call; every answer is plain data. */
export interface Bench {
  tables(): { libraries: readonly Library[]; workloads: WorkloadRow[] };
  coldStart(workload: string, library: string, variant: string): Promise<ColdStartReport>;
  round(epochs: number): Promise<RoundReport>;
}

declare global {
  interface Window {
    bench: Bench;
  }
}

let current: { workload: Workload; run: Run } | undefined;

function find(workloadName: string, library: string, variantName: string): [Workload, Variant<unknown>] {
  const workload = workloads.find(({ name }) => name === workloadName);
  const variant = workload?.variants.find((item) => item.library === library && item.name === variantName);
  if (!workload || !variant)
    throw new Error(`bench: no ${workloadName} ${library} ${variantName} in the tables`);
  return [workload, variant];
}

function loadedScripts(): string[] {
  return performance
    .getEntriesByType("resource")
    .map(({ name }) => new URL(name).pathname)
    .filter((path) => /\.(js|wasm)$/.test(path));
}

async function adapterName(): Promise<string | null> {
  if (backend !== "webgpu") return null;
  const info = (await navigator.gpu.requestAdapter())?.info;
  return [info?.vendor, info?.architecture, info?.device, info?.description].filter(Boolean).join(" ");
}

/** What was counted between two readings, divided by `steps`. */
function countsPerStep(before: Record<string, number>, after: Record<string, number>, steps: number) {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, (value - before[name]!) / steps]),
  );
}

/** A clock that keeps the time of each step in script. */
function createClock(): StepClock & { quantile(share: number): number | null } {
  const samples: number[] = [];
  return {
    time: (step) => {
      const start = performance.now();
      step();
      samples.push(performance.now() - start);
    },
    quantile: (share) => samples.toSorted((a, b) => a - b)[Math.floor(samples.length * share)] ?? null,
  };
}

async function coldStart(
  workloadName: string,
  library: string,
  variantName: string,
): Promise<ColdStartReport> {
  const [workload, variant] = find(workloadName, library, variantName);
  // Beside other threads the page's waits for them, which is neither WebAssembly nor script.
  if (library === "tenrec" && !variant.threads) cpuCounters?.timeWebAssembly();
  const ownScripts = new Set(loadedScripts());
  const run = await (await variant.load()).start(workload.problem());
  const loss = await run.firstStep();
  const milliseconds = performance.now();
  current = { workload, run };
  return {
    milliseconds,
    loss,
    totals: counters.read(),
    scripts: loadedScripts().filter((path) => !ownScripts.has(path)),
    adapter: await adapterName(),
    errors: counters.errors,
  };
}

async function round(epochs: number): Promise<RoundReport> {
  const { workload, run } = current!;
  const clock = createClock();
  const before = counters.read();
  const start = performance.now();
  const results = await run.train(epochs, clock);
  const wallMs = performance.now() - start;
  const after = counters.read();
  const steps = epochs * workload.stepsPerEpoch;
  return {
    steps,
    wallMs,
    stepScriptMs: clock.quantile(0.5),
    stepScriptQuickMs: clock.quantile(0.1),
    epochs: results,
    counts: countsPerStep(before, after, steps),
    totals: after,
    errors: counters.errors,
  };
}

function workloadRow({ problem: _, variants, ...row }: Workload): WorkloadRow {
  return { ...row, variants: variants.map(({ load: _, ...variant }) => variant) };
}

window.bench = { tables: () => ({ libraries, workloads: workloads.map(workloadRow) }), coldStart, round };
