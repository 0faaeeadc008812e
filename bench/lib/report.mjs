/** Turns measurements into the Markdown report: ratios and counters of all workloads first, then each in full. */
import { readFile } from "node:fs/promises";
import { arch, cpus } from "node:os";
import { join } from "node:path";
import { ratios } from "./stats.mjs";

const root = join(import.meta.dirname, "../..");

async function installedVersion(packageName) {
  const path = join(root, "node_modules", packageName, "package.json");
  return JSON.parse(await readFile(path, "utf8")).version;
}

/** What a reader needs to judge a workload's figures: date, browser, adapter, class of machine, other load. */
export async function environmentOf({ browser, libraries, measured, options }) {
  const { results } = measured;
  const loads = results.flatMap(({ load }) => load);
  return {
    date: new Date().toISOString().slice(0, 10),
    browser: `Chromium ${browser.version()}, headless`,
    adapter: results[0]?.adapter ?? "none",
    machine: `${cpus().length} processor cores, ${arch()}`,
    load: { least: Math.min(...loads), greatest: Math.max(...loads) },
    rounds: options.rounds,
    libraries: await Promise.all(
      libraries.map(async (library) => ({
        ...library,
        version: await installedVersion(library.packageName),
      })),
    ),
  };
}

const number = (value, digits = 2) =>
  value === null || value === undefined ? "" : Number(value.toFixed(digits)).toString();

function table(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, index) => (index === 0 ? "---" : "--:"));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

const count = (name) => (result) => number(result.perStep[name], 1);

/** Of a figure per second only what the workload states. */
const perSecond = (amount, { msPerStep }) =>
  amount === undefined ? "" : number(amount / msPerStep / 1e6, 2);

const timeColumns = {
  "ms / step": ({ msPerStep }) => number(msPerStep),
  "steps / s": ({ msPerStep }) => number(1000 / msPerStep, 1),
  "script ms / step": ({ stepScriptMs }) => number(stepScriptMs, 3),
  "page CPU ms / step": ({ pageCpuMsPerStep }) => number(pageCpuMsPerStep),
  "GPU-process CPU ms / step": ({ gpuCpuMsPerStep }) => number(gpuCpuMsPerStep, 1),
  "rounds x steps": ({ rounds, steps }) => `${rounds} x ${steps}`,
  "GFLOP / s": (result, { work }) => perSecond(work?.flops, result),
  "GB / s": (result, { work }) => perSecond(work?.bytes, result),
  "last loss": ({ losses }) => losses.at(-1).toPrecision(7),
  "loss differs by": ({ lossDifference }) => lossDifference.toExponential(1),
};

const countColumns = {
  dispatches: count("dispatches"),
  passes: count("passes"),
  submits: count("submits"),
  "bind groups": count("bindGroups"),
  "buffers made": count("buffersCreated"),
  "bytes written": count("bytesWritten"),
  readbacks: count("readbacks"),
  "pipelines, warm": count("pipelines"),
};

const startColumns = {
  "first step after, ms": ({ coldStartMs }) => number(coldStartMs, 0),
  "pipelines for it": ({ pipelinesFirstStep }) => pipelinesFirstStep,
  "pipelines in all": ({ pipelines }) => pipelines,
  "script, KB gzip": ({ gzipBytes }) => number(gzipBytes / 1000, 1),
  "GPU memory at most, MB": ({ peakBytes }) => number(peakBytes / 1e6, 1),
};

function columnsTable(columns, workload, titles) {
  const used = Object.entries(columns)
    .map(([name, cell]) => [name, workload.results.map((result) => cell(result, workload))])
    .filter(([, cells]) => cells.some((cell) => cell !== ""));
  const rows = workload.results.map((result, index) => [
    `${titles[result.library]}, ${result.name}`,
    ...used.map(([, cells]) => cells[index]),
  ]);
  return table(["", ...used.map(([name]) => name)], rows);
}

/** The quickest way of each library: nobody is judged by the slower of two spellings. */
function bestOf({ results }, library) {
  const own = results.filter((result) => result.library === library);
  return own.sort((a, b) => a.msPerStep - b.msPerStep)[0];
}

/** Ours over another library, by the values of the same rounds; null where there is nothing to compare. */
export function comparison(workload, library) {
  const ours = bestOf(workload, "tenrec");
  const other = bestOf(workload, library);
  if (!ours || !other) return null;
  return {
    variants: [ours.name, other.name],
    isComparable: other.isComparable,
    wall: ratios(ours.roundsMsPerStep, other.roundsMsPerStep),
    gpuCpu: ratios(ours.roundsGpuCpuMsPerStep, other.roundsGpuCpuMsPerStep),
    target: workload.targets?.ratios?.[library],
  };
}

const verdict = (isMet) => (isMet ? "met" : "missed");

function comparisonLine(workload, { name, title }) {
  const found = comparison(workload, name);
  if (!found) return null;
  const { variants, isComparable, wall, gpuCpu, target } = found;
  if (!isComparable) return `- ${title} ${variants[1]} is not comparable: its losses differ.`;
  const judged =
    target === undefined ? "" : `; target at most ${number(target)}: ${verdict(wall.median <= target)}`;
  return `- Tenrec ${variants[0]} over ${title} ${variants[1]}: ${number(wall.median, 3)} of its time (rounds ${number(wall.min, 3)} to ${number(wall.max, 3)}), ${number(gpuCpu.median, 3)} of its GPU-process CPU time${judged}.`;
}

/** Counters and page time of ours against their bars. */
function barLines(workload) {
  const { dispatches, firstPipelines, stepScriptMs } = workload.targets ?? {};
  const ours = workload.results.filter(({ library }) => library === "tenrec");
  return ours.flatMap(({ name, perStep, pipelinesFirstStep, settled }) => [
    dispatches &&
      `- Tenrec ${name}: ${number(perStep.dispatches, 1)} dispatches a step; bar ${dispatches}: ${verdict(perStep.dispatches <= dispatches)}.`,
    firstPipelines &&
      `- Tenrec ${name}: ${pipelinesFirstStep} pipelines for the first step; bar ${firstPipelines}: ${verdict(pipelinesFirstStep <= firstPipelines)}.`,
    settled &&
      stepScriptMs &&
      `- Tenrec ${name}: ${number(settled.stepScriptMs, 3)} ms of page time for a hand-written step once warm (median; quickest tenth ${number(settled.quickMs, 3)} ms; load ${number(settled.load, 1)}); bar ${stepScriptMs} ms: ${verdict(settled.stepScriptMs <= stepScriptMs)}.`,
  ]);
}

function memoryLine(workload) {
  const [ours, theirs] = [bestOf(workload, "tenrec"), bestOf(workload, "tfjs")];
  if (!ours || !theirs) return null;
  const [own, other] = [ours.peakBytes / 1e6, theirs.peakBytes / 1e6];
  return `- GPU memory at most: ${number(own, 1)} MB, TensorFlow.js ${number(other, 1)} MB: ${verdict(own <= other)}.`;
}

const titlesOf = ({ environment }) =>
  Object.fromEntries(environment.libraries.map(({ name, title }) => [name, title]));

/** @returns {string[]} the paragraphs of one workload */
export function workloadSection(workload) {
  const { title, results, environment, failures } = workload;
  const titles = titlesOf(workload);
  const peers = environment.libraries.filter(({ name }) => name !== "tenrec");
  const lines = [
    ...peers.map((library) => comparisonLine(workload, library)),
    ...barLines(workload),
    memoryLine(workload),
    ...results.map(({ library, name, description }) => `- ${titles[library]}, ${name}: ${description}.`),
    ...failures.map((failure) => `- FAILED: ${failure}`),
  ];
  return [
    `## ${title}`,
    `Measured on ${environment.date}, load average ${number(environment.load.least, 1)} to ${number(environment.load.greatest, 1)}.`,
    columnsTable(timeColumns, workload, titles),
    "Asked of WebGPU per step, after warm-up:",
    columnsTable(countColumns, workload, titles),
    "A fresh page, from navigation to the loss of the first step; script as that page loaded it:",
    columnsTable(startColumns, workload, titles),
    lines.filter(Boolean).join("\n"),
  ];
}

function overview(workloads) {
  const libraries = ["tenrec", "tfjs", "jaxjs"];
  const each = (workload, cell) =>
    libraries
      .map((library) => bestOf(workload, library))
      .map((result) => (result ? cell(result) : "-"))
      .join(" / ");
  const ratio = (workload, library) => {
    const found = comparison(workload, library);
    if (!found) return "";
    if (!found.isComparable) return "not comparable";
    const mark = found.target !== undefined && found.wall.median > found.target ? " (missed)" : "";
    return `${number(found.wall.median, 3)}${mark}`;
  };
  const header = [
    "",
    "time over TensorFlow.js",
    "time over jax-js",
    "ms / step",
    "page CPU ms / step",
    "dispatches",
    "submits",
    "memory, MB",
    "pipelines",
  ];
  const rows = workloads.map((workload) => [
    workload.name,
    ratio(workload, "tfjs"),
    ratio(workload, "jaxjs"),
    each(workload, ({ msPerStep }) => number(msPerStep, 1)),
    each(workload, ({ pageCpuMsPerStep }) => number(pageCpuMsPerStep, 2)),
    each(workload, count("dispatches")),
    each(workload, count("submits")),
    each(workload, ({ peakBytes }) => number(peakBytes / 1e6, 1)),
    each(workload, ({ pipelines }) => pipelines),
  ]);
  return table(header, rows);
}

/** @returns {string} the report in Markdown */
export function formatReport(workloads) {
  const { browser, adapter, machine, libraries, rounds } = workloads.at(-1).environment;
  const versions = libraries.map(({ title, version }) => `${title} ${version}`).join(", ");
  const head = [
    "# Benchmark results",
    `Written by \`npm run bench\`: ${browser}, adapter "${adapter}", ${machine}. ${versions}. Date and load average stand with each workload (other work on the machine shows in the load).`,
    `All variants in one browser, a page each, in turns; medians of ${rounds} rounds, of fewer where a library is too slow for that (the column "rounds x steps" says so). Equal initial weights and batches; the losses of every epoch are compared, and who differs is not. On a software adapter, trust counts and CPU time before wall time.`,
    "The quickest way of each library; figures of three in the order Tenrec / TensorFlow.js / jax-js:",
    overview(workloads),
  ];
  return `${[...head, ...workloads.flatMap(workloadSection)].join("\n\n")}\n`;
}
