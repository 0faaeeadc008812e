/** @file Our figures against the other libraries' and against the bars of a workload, as lines of the report. */
import { backends } from "./backends.mjs";
import { number } from "./columns.mjs";
import { ratios } from "./stats.mjs";

const verdict = (isMet) => (isMet ? "met" : "missed");

/**
 * The quickest way of each library: nobody is judged by the slower of two spellings. What was asked for threads stands apart
 * from what a library does unasked.
 */
export function bestOf({ results }, library, { isThreaded = false } = {}) {
  const own = results.filter(
    (result) => result.library === library && Boolean(result.threads) === isThreaded,
  );
  return own.toSorted((a, b) => a.msPerStep - b.msPerStep)[0];
}

/** Ours over a variant of another library, by the values of the same rounds; null where there is nothing to compare. */
export function comparison(workload, other, choice) {
  const ours = bestOf(workload, "tenrec", choice);
  if (!ours || !other) return null;
  return {
    ours,
    wall: ratios(ours.roundsMsPerStep, other.roundsMsPerStep),
    processCpu: ratios(ours.roundsProcessCpuMsPerStep, other.roundsProcessCpuMsPerStep),
    target: workload.targets?.ratios?.[other.library],
  };
}

export function comparisonLine(workload, other, { title, backend, ...choice }) {
  const found = comparison(workload, other, choice);
  if (!found) return null;
  if (!other.isComparable && choice.isThreaded) return null;
  if (!other.isComparable) return `- ${title} ${other.name} is not comparable: its losses differ.`;
  const { ours, wall, processCpu, target } = found;
  const judged =
    target === undefined ? "" : `; target at most ${number(target)}: ${verdict(wall.median <= target)}`;
  return `- Tenrec ${ours.name} over ${title} ${other.name}: ${number(wall.median, 3)} of its time (rounds ${number(wall.min, 3)} to ${number(wall.max, 3)}), ${number(processCpu.median, 3)} of its ${backends[backend].cpuTime}${judged}.`;
}

/** What is counted and timed of ours against its bars; each gives nothing where the workload has no such bar. */
const bars = [
  ({ perStep }, { dispatches }) =>
    dispatches &&
    `${number(perStep.dispatches, 1)} dispatches a step; bar ${dispatches}: ${verdict(perStep.dispatches <= dispatches)}`,
  ({ pipelinesFirstStep }, { firstPipelines }) =>
    firstPipelines &&
    `${pipelinesFirstStep} pipelines for the first step; bar ${firstPipelines}: ${verdict(pipelinesFirstStep <= firstPipelines)}`,
  ({ settled }, { stepScriptMs }) =>
    settled &&
    stepScriptMs &&
    `${number(settled.stepScriptMs, 3)} ms of page time for a hand-written step once warm (median; quickest tenth ${number(settled.quickMs, 3)} ms; load ${number(settled.load, 1)}); bar ${stepScriptMs} ms: ${verdict(settled.stepScriptMs <= stepScriptMs)}`,
  ({ msPerStep, roundsMsPerStep }, { stepMs }) =>
    stepMs &&
    `${number(msPerStep, 3)} ms a step (quickest round ${number(Math.min(...roundsMsPerStep), 3)} ms); bar ${stepMs} ms: ${verdict(msPerStep <= stepMs)}`,
  ({ name, outsideMsPerStep, leastOutsideMsPerStep }, { outsideMs }) =>
    outsideMs?.[name] &&
    `${number(outsideMsPerStep, 3)} ms a step outside of WebAssembly (quickest round ${number(leastOutsideMsPerStep, 3)} ms); bar ${outsideMs[name]} ms: ${verdict(outsideMsPerStep <= outsideMs[name])}`,
];

export function barLines({ results, targets = {} }) {
  const ours = results.filter(({ library }) => library === "tenrec");
  return ours.flatMap((result) =>
    bars
      .map((bar) => bar(result, targets))
      .filter(Boolean)
      .map((words) => `- Tenrec ${result.name}: ${words}.`),
  );
}

export function memoryLine(workload) {
  const [ours, theirs] = [bestOf(workload, "tenrec"), bestOf(workload, "tfjs")];
  if (ours?.peakBytes === undefined || theirs?.peakBytes === undefined) return null;
  const [own, other] = [ours.peakBytes / 1e6, theirs.peakBytes / 1e6];
  return `- GPU memory at most: ${number(own, 1)} MB, TensorFlow.js ${number(other, 1)} MB: ${verdict(own <= other)}.`;
}
