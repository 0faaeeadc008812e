/** @file A kernel that exercises every reduction in two waves, and its float64 reference. */
import type { Instr, LoopKernel } from "../src/ir/kernel.ts";
import { loop, Program, read, set, write } from "./codegenKernels.ts";
import { runKernel } from "./runKernel.ts";

export interface RowCase {
  readonly rows: readonly number[];
  readonly cols: readonly number[];
  readonly schedule: "thread" | "workgroup";
  /** Along which axes the lanes run. */
  readonly lanes: "none" | "inner" | "rows";
  readonly workgroupSize?: number;
  readonly subgroups?: true;
}

/** Floats per row of the `stats` output: sum, product, maximum, minimum, sum of exponentials. */
const stats = 5;

function stage(p: Program, number: number, dtype: Instr["dtype"] = "float32"): number {
  return p.push("stage", dtype, [], { value: number });
}

/** y = exp(x - max) / sum(exp(x - max)); stats per row; argmax and argmin per row. */
export function rowKernel(test: RowCase): LoopKernel {
  const { rows, cols, schedule, lanes, workgroupSize = 64, subgroups } = test;
  const rank = rows.length + cols.length;
  const width = lanes === "none" ? 1 : 4;
  const innerLanes = lanes === "inner";
  const p = new Program();
  const at = p.rowMajor(Array.from({ length: rank }, (_, axis) => axis));
  const row = rows.length === 0 ? p.const(0, "int32") : p.rowMajor(rows.map((_, axis) => axis));
  const x = p.load(0, at, "float32", innerLanes);
  const factor = p.push("add", "float32", [p.const(1), p.push("mul", "float32", [x, p.const(0.015625)])]);
  const shifted = p.push("exp", "float32", [p.push("sub", "float32", [x, stage(p, 2)])]);
  const y = p.push("div", "float32", [shifted, stage(p, 6)]);
  const statIndex = p.push("mul", "int32", [row, p.const(stats, "int32")]);
  const places = [0, 1, 2, 3, 4].map((i) => p.push("add", "int32", [statIndex, p.const(i, "int32")]));
  const results = [0, 1, 2, 3, 6].map((s) => stage(p, s));
  const arguments_ = [4, 5].map((s) => stage(p, s, "int32"));
  const pair = p.push("mul", "int32", [row, p.const(2, "int32")]);
  const pairs = [pair, p.push("add", "int32", [pair, p.const(1, "int32")])];
  return loop({
    rows: rows.length,
    cols: cols.length,
    schedule,
    workgroupSize,
    ...(subgroups ? { subgroups } : {}),
    lanes: width,
    laneAxis: lanes === "none" ? -1 : innerLanes ? rank - 1 : rows.length - 1,
    bindings: [read("float32", innerLanes), write("float32", innerLanes), write(), write("int32")],
    numParams: rank,
    stages: [
      { op: "sum", value: x, dtype: "float32" },
      { op: "prod", value: factor, dtype: "float32" },
      { op: "max", value: x, dtype: "float32" },
      { op: "min", value: x, dtype: "float32" },
      { op: "argmax", value: x, dtype: "int32" },
      { op: "argmin", value: x, dtype: "int32" },
      { op: "sum", value: shifted, dtype: "float32" },
    ],
    body: {
      code: p.code,
      stores: [
        ...results.map((result, i) => set(2, places[i]!, result, "row")),
        ...arguments_.map((result, i) => set(3, pairs[i]!, result, "row")),
        set(1, at, y, "full", innerLanes),
      ],
    },
  });
}

function firstBest(row: readonly number[], better: (a: number, b: number) => boolean): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) {
    const nan = Number.isNaN(row[i]!) && !Number.isNaN(row[best]!);
    if (nan || (!Number.isNaN(row[best]!) && better(row[i]!, row[best]!))) best = i;
  }
  return best;
}

const size = (extents: readonly number[]) => extents.reduce((a, b) => a * b, 1);

/** Ties, both signs, and where `poison` says so a NaN in the second row. */
export function rowData(test: RowCase, poison: boolean): Float32Array {
  const data = Float32Array.from(
    { length: size(test.rows) * size(test.cols) },
    (_, i) => ((i * 37) % 29) / 4 - 3,
  );
  if (poison) data[size(test.cols) + (size(test.cols) >> 1)] = Number.NaN;
  return data;
}

/** The worst relative error; infinite for a wrong index or a NaN that was lost or invented. */
export async function checkRows(device: GPUDevice, test: RowCase, poison = false): Promise<number> {
  const [rows, cols] = [size(test.rows), size(test.cols)];
  const x = rowData(test, poison);
  const y = new Float32Array(x.length);
  const got = new Float32Array(rows * stats);
  const best = new Int32Array(rows * 2);
  await runKernel(device, rowKernel(test), [x, y, got, best], [...test.rows, ...test.cols]);
  let worst = 0;
  const compare = (value: number, expected: number) => {
    if (Number.isNaN(value) !== Number.isNaN(expected)) worst = Number.POSITIVE_INFINITY;
    else if (!Number.isNaN(value))
      worst = Math.max(worst, Math.abs(value - expected) / Math.max(1, Math.abs(expected)));
  };
  for (let r = 0; r < rows; r++) {
    const row = [...x.subarray(r * cols, (r + 1) * cols)];
    const top = Math.max(...row);
    const exponentials = row.map((value) => Math.exp(value - top));
    const sum = exponentials.reduce((a, b) => a + b, 0);
    const expected = [
      row.reduce((a, b) => a + b, 0),
      row.reduce((a, b) => a * (1 + b / 64), 1),
      top,
      Math.min(...row),
      sum,
    ];
    expected.forEach((value, i) => compare(got[r * stats + i]!, value));
    exponentials.forEach((value, c) => compare(y[r * cols + c]!, value / sum));
    if (best[r * 2] !== firstBest(row, (a, b) => a > b)) worst = Number.POSITIVE_INFINITY;
    if (best[r * 2 + 1] !== firstBest(row, (a, b) => a < b)) worst = Number.POSITIVE_INFINITY;
  }
  return worst;
}
