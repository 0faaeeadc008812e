/** @file Reductions: float64 accumulators per lane, or one accumulator that a block is folded into. */
import { internal } from "../../device/errors.ts";
import type { ReduceOp } from "../../ir/kernel.ts";
import type { Kind, Slot } from "../slot.ts";
import type { BlockFunction, Step } from "./step.ts";

type Accumulators = Slot<Float64Array>;
/** `out` accumulates `a`; argmax and argmin keep the index in `b`, and `c` holds the inner index of lane 0. */
type ReduceStep = Step & { readonly out: Accumulators; readonly b: Accumulators };

/** Four partial sums hide the latency of the addition; their order is fixed. */
const foldSum: BlockFunction = ({ out, a }: ReduceStep & { a: Slot<Float32Array> }, count) => {
  const x = a.data;
  const p = a.at;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    s0 += x[p + i]!;
    s1 += x[p + i + 1]!;
    s2 += x[p + i + 2]!;
    s3 += x[p + i + 3]!;
  }
  for (; i < count; i++) s0 += x[p + i]!;
  out.data[0]! += s0 + s1 + (s2 + s3);
};

const foldMax: BlockFunction = ({ out, a }: ReduceStep & { a: Slot<Float32Array> }, count) => {
  const x = a.data;
  const p = a.at;
  let best = out.data[0]!;
  for (let i = 0; i < count; i++) best = Math.max(best, x[p + i]!);
  out.data[0] = best;
};

const laneSum: BlockFunction = ({ out, a }: ReduceStep & { a: Slot<Float32Array> }, count) => {
  const sum = out.data;
  const x = a.data;
  const p = a.at;
  for (let i = 0; i < count; i++) sum[i] = sum[i]! + x[p + i]!;
};

const laneMax: BlockFunction = ({ out, a }: ReduceStep & { a: Slot<Float32Array> }, count) => {
  const best = out.data;
  const x = a.data;
  const p = a.at;
  for (let i = 0; i < count; i++) best[i] = Math.max(best[i]!, x[p + i]!);
};

type Combine = (total: number, value: number) => number;

const combineFloat: Partial<Record<ReduceOp, Combine>> = {
  sum: (total, value) => total + value,
  prod: (total, value) => total * value,
  max: Math.max,
  min: Math.min,
};
const combineInteger: Partial<Record<ReduceOp, Combine>> = {
  ...combineFloat,
  sum: (total, value) => (total + value) | 0,
  prod: Math.imul,
};

function fold(combine: Combine): BlockFunction {
  return ({ out, a }: ReduceStep, count) => {
    let total = out.data[0]!;
    for (let i = 0; i < count; i++) total = combine(total, a.data[a.at + i]!);
    out.data[0] = total;
  };
}

function lanes(combine: Combine): BlockFunction {
  return ({ out, a }: ReduceStep, count) => {
    for (let i = 0; i < count; i++) out.data[i] = combine(out.data[i]!, a.data[a.at + i]!);
  };
}

/** NaN counts as the best of all; the first of equals stays. */
function better(greatest: boolean, value: number, best: number): boolean {
  return Number.isNaN(value) ? !Number.isNaN(best) : greatest ? value > best : value < best;
}

function foldIndex(greatest: boolean): BlockFunction {
  return ({ out, a, b, c }: ReduceStep, count) => {
    const first = c.data[c.at]!;
    for (let i = 0; i < count; i++) {
      const value = a.data[a.at + i]!;
      if (b.data[0]! >= 0 && !better(greatest, value, out.data[0]!)) continue;
      out.data[0] = value;
      b.data[0] = first + i;
    }
  };
}

function lanesIndex(greatest: boolean): BlockFunction {
  return ({ out, a, b, c }: ReduceStep, count) => {
    const index = c.data[c.at]!;
    for (let i = 0; i < count; i++) {
      const value = a.data[a.at + i]!;
      if (b.data[i]! >= 0 && !better(greatest, value, out.data[i]!)) continue;
      out.data[i] = value;
      b.data[i] = index;
    }
  };
}

/** The loop of a reduction: into lane 0 (`inside`) or lane by lane. */
export function reduceLoop(op: ReduceOp, kind: Kind, inside: boolean): BlockFunction {
  if (op === "argmax" || op === "argmin") return (inside ? foldIndex : lanesIndex)(op === "argmax");
  if (kind === "f" && op === "sum") return inside ? foldSum : laneSum;
  if (kind === "f" && op === "max") return inside ? foldMax : laneMax;
  const combine = (kind === "f" ? combineFloat : combineInteger)[op];
  if (!combine) throw internal(`the cpu backend has no reduction ${op}.`);
  return (inside ? fold : lanes)(combine);
}

/** Sets accumulators to the number in `a`. */
export function resetLanes({ out, a }: Step, count: number): void {
  const value = a.data[0]!;
  for (let i = 0; i < count; i++) out.data[i] = value;
}

/** Rounds accumulators to the dtype of the result register. */
export function finishLanes({ out, a }: Step, count: number): void {
  for (let i = 0; i < count; i++) out.data[i] = a.data[i]!;
}

/** As `finishLanes` for indices: an empty reduction gives 0. */
export function finishIndices({ out, a }: Step, count: number): void {
  for (let i = 0; i < count; i++) out.data[i] = Math.max(a.data[i]!, 0);
}
