/** @file Tensors from nothing: constants, ranges and masks. */
import type { Dtype } from "@tenrec/kernels";
import { ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { add, divideByCount, mul, sub } from "../primitives/arithmetic.ts";
import { cast, equal, greaterEqual, where } from "../primitives/logic.ts";
import { broadcastTo, reshape } from "../primitives/movement.ts";
import { constant, fill, iota } from "../primitives/source.ts";
import {
  checkCount,
  checkDtype,
  checkShape,
  floatOperand,
  type Tensor,
  type TensorLike,
  toNode,
  wrap,
} from "./arguments.ts";

export interface DtypeOption {
  readonly dtype?: Dtype;
}

function filled(name: string, value: number, shape: readonly number[], dtype: Dtype): Tensor {
  checkShape(name, shape);
  checkDtype(name, dtype);
  return wrap(fill(value, shape, dtype));
}

/**
 * All 0.
 * @example
 * zeros([2, 3]); // [[0, 0, 0], [0, 0, 0]]
 */
export const zeros = (shape: readonly number[], { dtype = "float32" }: DtypeOption = {}): Tensor =>
  filled("zeros", 0, shape, dtype);

/**
 * All 1.
 * @example
 * ones([2], { dtype: "int32" }); // [1, 1]
 */
export const ones = (shape: readonly number[], { dtype = "float32" }: DtypeOption = {}): Tensor =>
  filled("ones", 1, shape, dtype);

/**
 * `fillValue` everywhere; it may be a tensor that broadcasts to `shape`.
 * @example
 * full([2, 2], 7); // [[7, 7], [7, 7]]
 */
export function full(shape: readonly number[], fillValue: TensorLike, { dtype }: DtypeOption = {}): Tensor {
  if (typeof fillValue === "number") return filled("full", fillValue, shape, dtype ?? "float32");
  checkShape("full", shape);
  const node = toNode(fillValue);
  checkDtype("full", dtype ?? node.dtype);
  return wrap(broadcastTo(cast(node, dtype ?? node.dtype), shape));
}

/** `value` in the shape and, by default, dtype of x. */
function like(name: string, x: TensorLike, value: number, dtype: Dtype | undefined): Tensor {
  const node = toNode(x);
  return filled(name, value, node.shape, dtype ?? node.dtype);
}

/**
 * Zeros in the shape and dtype of x.
 * @example
 * zerosLike(tensor([1, 2])); // [0, 0]
 */
export const zerosLike = (x: TensorLike, { dtype }: DtypeOption = {}): Tensor =>
  like("zerosLike", x, 0, dtype);

/**
 * Ones in the shape and dtype of x.
 * @example
 * onesLike(tensor([5, 2])); // [1, 1]
 */
export const onesLike = (x: TensorLike, { dtype }: DtypeOption = {}): Tensor => like("onesLike", x, 1, dtype);

/**
 * `fillValue` in the shape and dtype of x.
 * @example
 * fullLike(tensor([5, 2]), 3); // [3, 3]
 */
export const fullLike = (x: TensorLike, fillValue: number, { dtype }: DtypeOption = {}): Tensor =>
  like("fullLike", x, fillValue, dtype);

/** column - row of each element of an n by m matrix, as int32. */
function offsets(name: string, n: number, m: number): Node {
  checkCount(name, "n", n, 0);
  checkCount(name, "m", m, 0);
  return sub(iota([1, m], 1, "int32"), iota([n, 1], 0, "int32"));
}

/**
 * Ones on diagonal `k` (above the main one if positive) of an n by m matrix.
 * @example
 * eye(2); // [[1, 0], [0, 1]]
 */
export function eye(
  n: number,
  { m = n, k = 0, dtype = "float32" }: { m?: number; k?: number; dtype?: Dtype } = {},
): Tensor {
  checkDtype("eye", dtype);
  return wrap(cast(equal(offsets("eye", n, m), constant(k, "int32")), dtype));
}

/**
 * The n by n identity matrix.
 * @example
 * identity(2); // [[1, 0], [0, 1]]
 */
export const identity = (n: number, { dtype = "float32" }: DtypeOption = {}): Tensor => eye(n, { dtype });

/**
 * Ones on and below diagonal `k` of an n by m matrix.
 * @example
 * tri(2); // [[1, 0], [1, 1]]
 */
export function tri(
  n: number,
  { m = n, k = 0, dtype = "float32" }: { m?: number; k?: number; dtype?: Dtype } = {},
): Tensor {
  checkDtype("tri", dtype);
  return wrap(cast(greaterEqual(constant(k, "int32"), offsets("tri", n, m)), dtype));
}

/** Rows and columns of the last two axes. */
function matrixExtents(name: string, x: Node): readonly [number, number] {
  const [rows, columns] = [x.shape.at(-2), x.shape.at(-1)];
  if (rows !== undefined && columns !== undefined) return [rows, columns];
  throw new ValueError(name, "a matrix is needed.", {
    received: `a tensor with ${x.shape.length} axes.`,
    expected: "at least two axes.",
    fix: "reshape or expandDims first.",
  });
}

/**
 * The lower triangle of matrices: zeros above diagonal `k`.
 * @example
 * tril(ones([2, 2])); // [[1, 0], [1, 1]]
 */
export function tril(x: TensorLike, { k = 0 }: { k?: number } = {}): Tensor {
  const node = toNode(x);
  const isKept = greaterEqual(constant(k, "int32"), offsets("tril", ...matrixExtents("tril", node)));
  return wrap(where(isKept, node, constant(0, node.dtype)));
}

/**
 * The upper triangle of matrices: zeros below diagonal `k`.
 * @example
 * triu(ones([2, 2])); // [[1, 1], [0, 1]]
 */
export function triu(x: TensorLike, { k = 0 }: { k?: number } = {}): Tensor {
  const node = toNode(x);
  const isKept = greaterEqual(offsets("triu", ...matrixExtents("triu", node)), constant(k, "int32"));
  return wrap(where(isKept, node, constant(0, node.dtype)));
}

/** Throws unless all are finite numbers. */
function checkFinite(name: string, values: Readonly<Record<string, number>>): void {
  const bad = Object.entries(values).find(([, value]) => !Number.isFinite(value));
  if (!bad) return;
  throw new ValueError(name, `${bad[0]} is not a finite number.`, {
    received: `${bad[0]} ${bad[1]}.`,
    expected: "finite numbers.",
    fix: "check where the value comes from.",
  });
}

/**
 * Numbers from `start` in steps of `step`, up to but without `stop`; with one argument from 0. int32 if all are whole numbers.
 * @example
 * arange(2, 8, 2); // [2, 4, 6]
 */
export function arange(start: number, stop?: number | null, step = 1, { dtype }: DtypeOption = {}): Tensor {
  const [from, to] = stop === undefined || stop === null ? [0, start] : [start, stop];
  checkFinite("arange", { start: from, stop: to, step });
  if (step === 0)
    throw new ValueError("arange", "step is 0.", {
      received: "step 0.",
      expected: "a step that leads from start to stop.",
      fix: "give a positive or negative step.",
    });
  const isWhole = [from, to, step].every((value) => Number.isInteger(value));
  const target = dtype ?? (isWhole ? "int32" : "float32");
  checkDtype("arange", target);
  const computed = target === "float32" || !isWhole ? "float32" : "int32";
  const positions = iota([Math.max(0, Math.ceil((to - from) / step))], 0, computed);
  const scaled = step === 1 ? positions : mul(positions, constant(step, computed));
  return wrap(cast(from === 0 ? scaled : add(scaled, constant(from, computed)), target));
}

/**
 * `num` evenly spaced numbers from `start` to `stop`, which is left out if `endpoint` is false.
 * @example
 * linspace(0, 1, { num: 5 }); // [0, 0.25, 0.5, 0.75, 1]
 */
export function linspace(
  start: TensorLike,
  stop: TensorLike,
  { num = 50, endpoint = true, dtype = "float32" }: { num?: number; endpoint?: boolean; dtype?: Dtype } = {},
): Tensor {
  checkCount("linspace", "num", num, 0);
  checkDtype("linspace", dtype);
  const [from, to] = [floatOperand(start), floatOperand(stop)];
  const rank = Math.max(from.shape.length, to.shape.length);
  const gaps = Math.max(1, endpoint ? num - 1 : num);
  const positions = reshape(iota([num], 0, "float32"), [num, ...Array<number>(rank).fill(1)]);
  const share = divideByCount(positions, gaps);
  // start (1 - t) + stop t meets both ends exactly.
  const value = add(mul(from, sub(constant(1), share)), mul(to, share));
  return wrap(cast(value, dtype));
}
