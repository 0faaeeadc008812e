/** @file tune: kernels chosen by measuring them on the user's device, when he asks for it. */
import {
  type ChoiceRecord,
  choiceStore,
  type Device,
  isChoiceRecord,
  kernelVersion,
  tunedTarget,
} from "@tenrec/kernels";
import { ValueError } from "../graph/errors.ts";
import { isTensor, useNode } from "../runtime/handles.ts";
import { type Runtime, ready } from "../runtime/runtime.ts";
import { flattenTree } from "../tree.ts";
import { Measurement, type TunedChoice } from "./measure.ts";
import { kernelProblems, Survey } from "./survey.ts";

export type { TunedChoice } from "./measure.ts";

export interface TuneOptions {
  /** Measure on a software adapter as well, where times say little and a fixed set of kernels is used otherwise. */
  readonly force?: boolean;
  /** Measure anew what is known from an earlier time. */
  readonly again?: boolean;
}

export interface TuningReport {
  /** Adapter, driver and browser that the choices hold for. */
  readonly adapter: string;
  /** What measured: timestamps of the GPU or the wall clock. Null where nothing was measured. */
  readonly clock: "timestamp-query" | "wall time" | null;
  /** Why nothing was measured. */
  readonly notice?: string;
  /** Whether the next visit finds the choices (IndexedDB); otherwise `saveTuning` hands them out. */
  readonly lasting: boolean;
  readonly choices: readonly TunedChoice[];
}

/** Records of each device, as long as it lives. */
const kept = new WeakMap<Device, Map<string, ChoiceRecord>>();

/**
 * Runs `run` once and chooses the kernels of everything that it computes by measuring: tile shapes and split sums of products, one
 * invocation or one workgroup per row of a reduction, recurrent layers as one kernel or step by step. Candidates run on memory of
 * their own; `run` itself takes effect as always. Takes seconds, more for large models. What was measured before is not measured again:
 * choices are kept in IndexedDB by adapter, browser, version and problem (in Node until the process ends, see `saveTuning`). Numbers
 * may differ in their last bits from those before; equal choices give equal bits.
 *
 * On software adapters and on the cpu nothing is measured: the report says so and has the heuristics' choices.
 *
 * @param run - Any synchronous or asynchronous function: a training step, `() => model.predict(x)`.
 * @throws whatever `run` throws; nothing is changed then.
 * @example
 * const report = await tune(() => model.trainOnBatch(x, y));
 * report.choices.filter(({ choice, heuristic }) => choice !== heuristic);
 */
export async function tune(run: () => unknown, options: TuneOptions = {}): Promise<TuningReport> {
  const runtime = await ready();
  const { device } = runtime;
  const timer = await device.timer();
  const survey = new Survey(device.target.untuned ?? device.target);
  await surveyed(runtime, survey, run);
  const notice = refusal(device.target, options);
  if (!timer || notice !== null) {
    const adapter = timer?.identity ?? "cpu";
    return { adapter, clock: null, notice: notice ?? "", lasting: false, choices: heuristicsOf(survey) };
  }
  await device.sync();
  const store = choiceStore(timer.identity);
  const records = recordsOf(device);
  for (const [problem, record] of await store.load()) records.set(problem, record);
  const measurement = new Measurement(timer, options.again ? new Map() : records);
  await measurement.run(survey);
  await store.save(measurement.records);
  apply(runtime, measurement.records);
  const { choices } = measurement;
  return { adapter: timer.identity, clock: timer.clock, lasting: store.lasting, choices };
}

/** Why this device is not measured, or null. */
function refusal({ name, software }: Device["target"], { force = false }: TuneOptions): string | null {
  if (name === "cpu") return "the cpu backend computes each kernel in one way only";
  if (!software || force) return null;
  return "the adapter is a CPU renderer, where times do not tell kernels apart: a fixed set is used (`force: true` measures)";
}

/** Runs `run` while every compilation is noted, unread results included. */
async function surveyed(runtime: Runtime, survey: Survey, run: () => unknown): Promise<void> {
  const { device } = runtime;
  const before = device.target;
  if (before.name === "webgpu") retarget(runtime, { ...survey.base, watch: survey.watch });
  try {
    const results = flattenTree(await run()).leaves.filter(isTensor);
    runtime.engine.flush(
      runtime,
      results.map(useNode).filter((node) => !node.stored),
    );
  } finally {
    if (device.target !== before) retarget(runtime, before);
  }
}

function heuristicsOf({ plans, base }: Survey): TunedChoice[] {
  const problems = plans.flatMap((plan) => kernelProblems(plan, base));
  const byName = new Map(problems.map(({ problem, forms }) => [problem, [...forms.keys()][0] as string]));
  return [...byName].map(([problem, heuristic]) => ({
    problem,
    choice: heuristic,
    heuristic,
    milliseconds: null,
  }));
}

function retarget(runtime: Runtime, target: Device["target"]): void {
  runtime.device.target = target;
  runtime.programs.clear();
}

function recordsOf(device: Device): Map<string, ChoiceRecord> {
  const records = kept.get(device) ?? new Map<string, ChoiceRecord>();
  kept.set(device, records);
  return records;
}

/** Adds records to those of the device; what is compiled from now on follows them. */
function apply(runtime: Runtime, records: ReadonlyMap<string, ChoiceRecord>): void {
  const all = recordsOf(runtime.device);
  for (const [problem, record] of records) all.set(problem, record);
  const choices = new Map([...all].map(([problem, { choice }]) => [problem, choice]));
  retarget(runtime, tunedTarget(runtime.device.target, choices));
}

/** What `saveTuning` writes. */
interface SavedTuning {
  readonly tenrec: string;
  readonly adapter: string;
  readonly choices: Readonly<Record<string, ChoiceRecord>>;
}

/**
 * The measured choices of this device as JSON text, for `loadTuning` in another process or page on a machine alike.
 *
 * @example await writeFile("tuning.json", await saveTuning());
 */
export async function saveTuning(): Promise<string> {
  const { device } = await ready();
  const adapter = (await device.timer())?.identity ?? "cpu";
  const choices = Object.fromEntries(recordsOf(device));
  return JSON.stringify({ tenrec: kernelVersion, adapter, choices } satisfies SavedTuning, null, 1);
}

/**
 * Takes over choices measured earlier, without measuring: those of `saveTuning`, or those that this browser keeps. Choices of another
 * adapter, browser or version are passed over.
 *
 * @returns how many choices are in force from now on.
 * @throws ValueError if `json` is not what `saveTuning` wrote.
 * @example await loadTuning(); // at the start of a page that was tuned on an earlier visit
 */
export async function loadTuning(json?: string): Promise<number> {
  const runtime = await ready();
  const timer = await runtime.device.timer();
  if (!timer) return 0;
  const records =
    json === undefined ? await choiceStore(timer.identity).load() : parseTuning(json, timer.identity);
  if (records.size > 0) apply(runtime, records);
  return records.size;
}

function parseTuning(json: string, identity: string): Map<string, ChoiceRecord> {
  const { tenrec, adapter, choices } = parsed(json) as Partial<SavedTuning>;
  if (typeof choices !== "object" || choices === null) throw notTuning(json);
  if (tenrec !== kernelVersion || adapter !== identity) return new Map();
  return new Map(Object.entries(choices).filter(([, record]) => isChoiceRecord(record)));
}

function parsed(json: string): object {
  try {
    return Object(JSON.parse(json));
  } catch {
    throw notTuning(json);
  }
}

const notTuning = (json: string): ValueError =>
  new ValueError("loadTuning", "the text holds no choices.", {
    received: `${JSON.stringify(json.slice(0, 60))}.`,
    expected: "the JSON text that saveTuning() gave.",
    fix: "pass that text unchanged, or nothing to load what this browser keeps.",
  });

/** Forgets all measured choices of this device, the stored ones too: the heuristics decide again. */
export async function clearTuning(): Promise<void> {
  const runtime = await ready();
  const { device } = runtime;
  const timer = await device.timer();
  if (timer) await choiceStore(timer.identity).clear();
  kept.delete(device);
  if (device.target.untuned) retarget(runtime, device.target.untuned);
}
