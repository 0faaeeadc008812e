/** @file What each step of a scalar program depends on. */
import type { Instr } from "../ir/kernel.ts";
import type { Lanes } from "./types.ts";

/** Facts about every step, by id. */
export interface Analysis {
  readonly code: readonly Instr[];
  readonly lanes: Lanes;
  /** Set of loop axes, as bits, that a step reads. */
  readonly axes: readonly number[];
  /** Whether the four lanes of a step differ. */
  readonly varies: readonly boolean[];
  /** The stages that a step uses, directly or through others. */
  readonly stages: readonly ReadonlySet<number>[];
}

/** How a kernel runs its code. */
export interface LaneFrame {
  readonly lanes: Lanes;
  readonly laneAxis: number;
  /** Stage results and accumulators hold one value per lane. */
  readonly resultLanes: Lanes;
}

const none: ReadonlySet<number> = new Set();

function ownStages(instr: Instr, inherited: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  if (instr.op === "stage") return new Set([instr.value!]);
  const sets = inherited.filter((set) => set.size > 0);
  return sets.length === 0 ? none : sets.length === 1 ? sets[0]! : new Set(sets.flatMap((set) => [...set]));
}

function ownVariation(instr: Instr, frame: LaneFrame): boolean {
  if (frame.lanes === 1) return false;
  if (instr.op === "axis") return instr.value === frame.laneAxis;
  if (instr.op === "stage" || instr.op === "acc") return frame.resultLanes === 4;
  return instr.op === "load" && instr.access === "vector";
}

export function analyse(code: readonly Instr[], frame: LaneFrame): Analysis {
  const axes: number[] = [];
  const varies: boolean[] = [];
  const stages: ReadonlySet<number>[] = [];
  for (const instr of code) {
    axes.push(
      instr.args.reduce((bits, arg) => bits | axes[arg]!, instr.op === "axis" ? 1 << instr.value! : 0),
    );
    const inherits = frame.lanes === 4 && !instr.uniform && instr.args.some((arg) => varies[arg]);
    varies.push(ownVariation(instr, frame) || inherits);
    stages.push(
      ownStages(
        instr,
        instr.args.map((arg) => stages[arg]!),
      ),
    );
  }
  return { code, lanes: frame.lanes, axes, varies, stages };
}
