/** @file Loops and products over float16, on ragged shapes: ways to meet memory that have code of their own. Given with float32 bindings. */
import type { Kernel, Stage } from "../src/ir/kernel.ts";
import { plainGemm } from "./cpuGemmKernels.ts";
import { binding, bits, Code, loopKernel, random, type Words, words } from "./cpuReference.ts";

export interface HalfCase {
  readonly title: string;
  readonly kernel: Kernel;
  readonly params: Uint32Array;
  readonly data: readonly Words[];
}

const out = binding("float32", "read_write");
const zeros = (length: number): Float32Array => new Float32Array(length);

/** x y + 1/4, rounded in between as the compiler does. */
function elementwise(n: number): HalfCase {
  const code = new Code();
  const i = code.axis(0);
  const product = code.op("half", "float32", code.mul(code.load(0, i), code.load(1, i)));
  code.store(2, i, code.op("half", "float32", code.add(product, code.param(1, "float32"))));
  const kernel = loopKernel(code, { rows: 1, bindings: [binding(), binding(), out] });
  const data = [random(n, 1), random(n, 2), zeros(n)];
  return { title: `elementwise over ${n}`, kernel, params: words(kernel, n, bits(0.25)), data };
}

/** Adds a row and a column to a matrix that is read by columns; the sum is stored by rows. */
function broadcast(rows: number, cols: number): HalfCase {
  const code = new Code();
  const x = code.load(0, code.index([0, 2], [1, 3]));
  const sum = code.add(code.add(x, code.load(1, code.axis(1))), code.load(2, code.axis(0)));
  code.store(3, code.index([0, 4], [1, 5]), sum);
  const kernel = loopKernel(code, { rows: 2, bindings: [binding(), binding(), binding(), out] });
  const data = [random(rows * cols, 1), random(cols, 2), random(rows, 3), zeros(rows * cols)];
  const params = words(kernel, rows, cols, 1, rows, cols, 1);
  return { title: `broadcasts over columns of [${rows}, ${cols}]`, kernel, params, data };
}

/** Shifts by 50: loads leave the buffer in front, where zeros are selected, and stores behind, where nothing is written. */
function shifted(n: number): HalfCase {
  const code = new Code();
  const i = code.axis(0);
  const from = code.op("sub", "int32", i, code.param(1));
  const inside = code.op("ge", "bool", from, code.const(0));
  code.store(1, from, code.load(0, i));
  code.store(2, i, code.op("select", "float32", inside, code.load(0, from), code.const(0, "float32")));
  code.store(3, code.add(i, code.param(1)), code.load(0, i));
  const kernel = loopKernel(code, { rows: 1, bindings: [binding(), out, out, out] });
  return {
    title: `loads and stores outside of ${n}`,
    kernel,
    params: words(kernel, n, 50),
    data: [random(n), zeros(n), zeros(n), zeros(n)],
  };
}

/** Elements, and rows of `width`, at indices from memory: read there, and written there. */
function indexed(count: number, width: number): HalfCase {
  const code = new Code();
  const index = code.load(1, code.axis(0), "int32");
  const inRow = code.add(code.mul(index, code.param(2)), code.axis(1));
  code.store(2, code.index([0, 2], [1, 3]), code.load(0, inRow));
  code.store(3, inRow, code.load(0, inRow));
  const kernel = loopKernel(code, { rows: 2, bindings: [binding(), binding("int32"), out, out] });
  const indices = Int32Array.from({ length: count }, (_, i) => (i * 17) % 50);
  const data = [random(50 * width), indices, zeros(count * width), zeros(50 * width)];
  return {
    title: `gathers and scatters ${count} rows of ${width}`,
    kernel,
    params: words(kernel, count, width, width, 1),
    data,
  };
}

/** Sum, maximum and place of the maximum of rows, or of columns. */
function reduction(rows: number, cols: number, columns: boolean): HalfCase {
  const code = new Code();
  const x = code.load(0, code.index([0, 2], [1, 3]));
  const stages: Stage[] = (["sum", "max", "argmax"] as const).map((op) => ({
    op,
    value: x,
    dtype: "float32",
  }));
  stages.forEach(({ op }, s) =>
    code.store(s + 1, code.axis(0), code.stage(s, op === "argmax" ? "int32" : "float32"), "row"),
  );
  const bindings = [binding(), out, out, binding("int32", "read_write")];
  const kernel = loopKernel(code, { rows: 1, cols: 1, schedule: "thread", stages, bindings });
  return {
    title: `reduces ${columns ? "columns" : "rows"} of [${rows}, ${cols}]`,
    kernel,
    params: words(kernel, rows, cols, columns ? 1 : cols, columns ? rows : 1),
    data: [random(rows * cols), zeros(rows), zeros(rows), new Int32Array(rows)],
  };
}

/** Exponentials that two passes need: with float32 they wait in the output, which as float16 would round them. */
function softmax(rows: number, cols: number): HalfCase {
  const code = new Code();
  const at = code.index([0, 2], [1, 3]);
  const x = code.load(0, at);
  const shiftedX = code.op("exp", "float32", code.op("sub", "float32", x, code.stage(0)));
  code.store(1, at, code.op("div", "float32", shiftedX, code.stage(1)));
  const stages: Stage[] = [
    { op: "max", value: x, dtype: "float32" },
    { op: "sum", value: shiftedX, dtype: "float32" },
  ];
  const kernel = loopKernel(code, {
    rows: 1,
    cols: 1,
    schedule: "workgroup",
    stages,
    bindings: [binding(), out],
  });
  const params = words(kernel, rows, cols, cols, 1);
  return {
    title: `softmax of [${rows}, ${cols}]`,
    kernel,
    params,
    data: [random(rows * cols), zeros(rows * cols)],
  };
}

/** With bias, rectifier and, but for a few rows, column sums: without, these are computed without packing. */
function product(
  [batch, m, n, k]: readonly [number, number, number, number],
  layout: string,
  scaled: boolean,
): HalfCase {
  const [am, ak] = layout[0] === "t" ? [1, m] : [k, 1];
  const [bk, bn] = layout[1] === "t" ? [1, k] : [n, 1];
  const { columnSum, ...few } = plainGemm(scaled);
  const kernel = m > 3 ? { ...few, columnSum: columnSum! } : few;
  const params = words(kernel, batch, m, n, k, m * k, am, ak, k * n, bk, bn, m * n, n, 1);
  const data = [random(batch * m * k, 1), random(batch * k * n, 2), random(n, 3)];
  const title = `product ${layout}${scaled ? ", computed" : ""} of ${batch} [${m}, ${k}] [${k}, ${n}]`;
  return { title, kernel, params, data: [...data, zeros(batch * m * n), zeros(batch * n)] };
}

const pairs = [
  [1, 1],
  [3, 7],
  [33, 65],
  [40, 3],
  [2, 301],
] as const;

const products = [
  [1, 1, 10, 128],
  [1, 3, 5, 7],
  [2, 2, 43, 300],
  [3, 31, 17, 9],
  [1, 33, 10, 65],
  [2, 5, 300, 2],
  [1, 100, 9, 300],
] as const;

export const loopCases: readonly HalfCase[] = [
  ...[1, 3, 4, 5, 31, 33, 64, 65, 127, 1000, 1001].map(elementwise),
  ...pairs.map(([rows, cols]) => broadcast(rows, cols)),
  ...[51, 53, 400].map(shifted),
  ...[1, 3, 4, 5, 40].map((width) => indexed(37, width)),
  ...pairs.flatMap(([rows, cols]) => [false, true].map((columns) => reduction(rows, cols, columns))),
  ...pairs.map(([rows, cols]) => softmax(rows, cols)),
];

export const productCases: readonly HalfCase[] = products.flatMap((shape) =>
  ["nn", "nt", "tn"].flatMap((layout) => [false, true].map((scaled) => product(shape, layout, scaled))),
);
