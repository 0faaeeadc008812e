/** Turns measurements into the Markdown report. */
import { readFile } from "node:fs/promises";
import { arch, cpus } from "node:os";
import { join } from "node:path";
import { ratios } from "./stats.mjs";

const root = join(import.meta.dirname, "../..");

async function installedVersion(packageName) {
  const path = join(root, "node_modules", packageName, "package.json");
  return JSON.parse(await readFile(path, "utf8")).version;
}

/** What a reader needs to judge the figures: date, browser, adapter, class of machine, other load. */
export async function environment({ browser, libraries, results }) {
  const measured = results.flatMap(({ results: variants }) => variants);
  const loads = measured.flatMap(({ load }) => load);
  const named = libraries.filter(({ name }) => measured.some(({ library }) => library === name));
  return {
    date: new Date().toISOString().slice(0, 10),
    browser: `Chromium ${browser.version()}, headless`,
    adapter: measured[0]?.adapter ?? "none",
    machine: `${cpus().length} processor cores, ${arch()}`,
    load: { least: Math.min(...loads), greatest: Math.max(...loads) },
    libraries: await Promise.all(
      named.map(async (library) => ({ ...library, version: await installedVersion(library.packageName) })),
    ),
  };
}

const number = (value, digits = 2) => (value === null ? "" : Number(value.toFixed(digits)).toString());

function table(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, index) => (index === 0 ? "---" : "--:"));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

const timeColumns = {
  "ms / step": ({ msPerStep }) => number(msPerStep),
  "steps / s": ({ msPerStep }) => number(1000 / msPerStep, 1),
  "script ms / step": ({ stepScriptMs }) => number(stepScriptMs, 3),
  "page CPU ms / step": ({ pageCpuMsPerStep }) => number(pageCpuMsPerStep),
  "GPU-process CPU ms / step": ({ gpuCpuMsPerStep }) => number(gpuCpuMsPerStep, 1),
  "final loss": ({ finalLoss }) => finalLoss.toFixed(6),
};

const count = (name) => (result) => number(result.perStep[name], 1);
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

function columnsTable(columns, results, titles) {
  const rows = results.map((result) => [
    `${titles[result.library]}, ${result.name}`,
    ...Object.values(columns).map((cell) => cell(result)),
  ]);
  return table(["", ...Object.keys(columns)], rows);
}

/** The quickest way of each library: nobody is judged by the slower of two spellings. */
function bestOf(results, library) {
  const own = results.filter((result) => result.library === library);
  return own.sort((a, b) => a.msPerStep - b.msPerStep)[0];
}

/** Ours over each other library, by the values of the same rounds. */
export function comparisons({ results }, libraries) {
  const ours = bestOf(results, "tenrec");
  const others = libraries.filter(({ name }) => name !== "tenrec").map(({ name }) => bestOf(results, name));
  if (!ours) return [];
  return others.filter(Boolean).map((other) => ({
    library: other.library,
    variants: [ours.name, other.name],
    wall: ratios(ours.roundsMsPerStep, other.roundsMsPerStep),
    gpuCpu: ratios(ours.roundsGpuCpuMsPerStep, other.roundsGpuCpuMsPerStep),
  }));
}

function comparisonLines(workload, libraries, titles) {
  return comparisons(workload, libraries).map(({ library, variants, wall, gpuCpu }) => {
    const target = workload.targets?.ratios?.[library];
    const verdict =
      target === undefined
        ? ""
        : `; target at most ${number(target)}: ${wall.median <= target ? "met" : "missed"}`;
    return `- Tenrec ${variants[0]} over ${titles[library]} ${variants[1]}: ${number(wall.median)} of its time (rounds ${number(wall.min)} to ${number(wall.max)}), ${number(gpuCpu.median)} of its GPU-process CPU time${verdict}.`;
  });
}

function scriptLines({ results, targets }, titles) {
  return results
    .filter(({ settled }) => settled)
    .map(({ library, name, settled }) => {
      const bar = targets?.stepScriptMs;
      const verdict =
        bar === undefined ? "" : `; bar ${bar} ms: ${settled.stepScriptMs <= bar ? "met" : "missed"}`;
      return `- ${titles[library]} ${name}: ${number(settled.stepScriptMs, 3)} ms of page time for a hand-written step once warm (median; quickest tenth ${number(settled.quickMs, 3)} ms; load ${number(settled.load, 1)})${verdict}.`;
    });
}

function workloadSection(workload, libraries, titles) {
  const { title, results } = workload;
  const summary = [...comparisonLines(workload, libraries, titles), ...scriptLines(workload, titles)];
  return [
    `## ${title}`,
    columnsTable(timeColumns, results, titles),
    "Asked of WebGPU per step, after warm-up:",
    columnsTable(countColumns, results, titles),
    "A fresh page, from navigation to the loss of the first step; script as that page loaded it:",
    columnsTable(startColumns, results, titles),
    results
      .map(({ library, name, description }) => `- ${titles[library]}, ${name}: ${description}.`)
      .join("\n"),
    summary.join("\n"),
    workload.failures.map((failure) => `- FAILED: ${failure}`).join("\n"),
  ].filter(Boolean);
}

/** @returns {string} the report in Markdown */
export function formatReport({ environment: setting, options, results }) {
  const { libraries } = setting;
  const titles = Object.fromEntries(libraries.map(({ name, title }) => [name, title]));
  const head = [
    "# Benchmark results",
    `Written by \`npm run bench\` on ${setting.date}: ${setting.browser}, adapter "${setting.adapter}", ${setting.machine}; load average ${number(setting.load.least, 1)} to ${number(setting.load.greatest, 1)} while measuring (other work on the machine shows here). ${libraries.map(({ title, version }) => `${title} ${version}`).join(", ")}.`,
    `All variants in one browser, a page each, in turns; medians of ${options.rounds} rounds. Equal initial weights and batches; every epoch's loss is compared. On a software adapter, trust counts and CPU time before wall time.`,
  ];
  const sections = results.flatMap((workload) => workloadSection(workload, libraries, titles));
  return `${[...head, ...sections].join("\n\n")}\n`;
}
