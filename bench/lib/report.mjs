/** @file Turns measurements into the Markdown report: ratios and counters of all workloads first, then each in full. */
import { readFile } from "node:fs/promises";
import { arch, cpus } from "node:os";
import { join } from "node:path";
import { backends } from "./backends.mjs";
import { barLines, comparisonLine, memoryLine } from "./bars.mjs";
import { number, tables } from "./columns.mjs";
import { overview, threadsOverview } from "./overview.mjs";
import { table } from "./table.mjs";

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
    adapter: results[0]?.adapter ?? null,
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

const titlesOf = ({ environment }) =>
  Object.fromEntries(environment.libraries.map(({ name, title }) => [name, title]));

/** @returns {string[]} the paragraphs of one workload */
export function workloadSection(workload, backend) {
  const { title, results, leftOut = [], environment, failures } = workload;
  const titles = titlesOf(workload);
  const peers = results.filter(({ library }) => library !== "tenrec");
  const lines = [
    ...[false, true].flatMap((isThreaded) =>
      peers.map((peer) =>
        comparisonLine(workload, peer, { title: titles[peer.library], backend, isThreaded }),
      ),
    ),
    ...barLines(workload),
    memoryLine(workload),
    ...results.map(({ library, name, description }) => `- ${titles[library]}, ${name}: ${description}.`),
    ...leftOut.map(({ library, name, reason }) => `- ${titles[library]}, ${name}: left out, ${reason}.`),
    ...failures.map((failure) => `- FAILED: ${failure}`),
  ];
  return [
    `## ${title}`,
    `Measured on ${environment.date}, load average ${number(environment.load.least, 1)} to ${number(environment.load.greatest, 1)}.`,
    ...tables[backend].flatMap(({ words, columns }) => [words, columnsTable(columns, workload, titles)]),
    lines.filter(Boolean).join("\n"),
  ].filter(Boolean);
}

const threadWords =
  "Tenrec in two threads, measured in the same rounds, over the quickest way of each library; figures of two in the order one thread / two threads:";

/** @returns {string} the report in Markdown */
export function formatReport(workloads, backend) {
  const { browser, adapter, machine, libraries, rounds } = workloads.at(-1).environment;
  const { title, command, caution } = backends[backend];
  const threads = threadsOverview(workloads);
  const versions = libraries.map(({ title, version }) => `${title} ${version}`).join(", ");
  const setting = [browser, adapter && `adapter "${adapter}"`, machine].filter(Boolean).join(", ");
  const head = [
    `# ${title}`,
    `Written by \`${command}\`: ${setting}. ${versions}. Date and load average stand with each workload (other work on the machine shows in the load).`,
    `All variants in one browser, a page each, in turns; medians of ${rounds} rounds, of fewer where a library is too slow for that (the column "rounds x steps" says so). Equal initial weights and batches; the losses of every epoch are compared, and who differs is not. ${caution}`,
    "The quickest way of each library; figures of three in the order Tenrec / TensorFlow.js / jax-js:",
    overview(workloads, backend),
    ...(threads ? [threadWords, threads] : []),
  ];
  return `${[...head, ...workloads.flatMap((workload) => workloadSection(workload, backend))].join("\n\n")}\n`;
}
