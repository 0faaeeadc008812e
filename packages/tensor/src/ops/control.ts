/** @file Control flow as operations: scan, foriLoop and map over iterations. */
import { runLoop, type Structure, structureOf } from "../control/loop.ts";
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { add } from "../primitives/arithmetic.ts";
import { iota, number } from "../primitives/source.ts";
import type { Tensor } from "../tensor.ts";
import { flattenTree } from "../tree.ts";
import { checkCount } from "./arguments.ts";

/** Tensors and numbers, nested in arrays and plain records. */
export type Nested = unknown;

export interface ScanOptions {
  /** Number of iterations; that of `xs` if absent. */
  readonly length?: number;
  /** From the last element to the first; results are stacked in the order of `xs` all the same. */
  readonly reverse?: boolean;
  /** true: the iterations one after another in the graph, which compiles longer. Numbers are accepted and mean 1. */
  readonly unroll?: boolean | number;
}

/**
 * Runs `f` over the leading axis of `xs`, handing a carry from one iteration to the next. The function is traced once; on the device an
 * iteration is the kernels of its body, all of them in one pass. Variables may be read inside; one that is assigned (and a seed generator
 * that is drawn from) changes from iteration to iteration. Gradients of any order.
 *
 * @param f - `(carry, x) => [carry, y]`; the carry keeps its structure, shapes and dtypes.
 * @param init - Carry of the first iteration: a tensor, or tensors nested in arrays and records.
 * @param xs - Values with a common leading extent; absent with `length`.
 * @returns `[carry, ys]`: the last carry, and every y stacked along a new leading axis.
 * @throws ShapeError if leading extents differ or the carry changes its type; ValueError if there is no length.
 * @example
 * const [total, sums] = ops.scan((sum, x) => [sum.add(x), sum.add(x)], tensor(0), tensor([1, 2, 3]));
 * await sums.array(); // [1, 3, 6]
 */
export function scan<Carry = Tensor, X = Tensor, Y = Tensor>(
  f: (carry: Carry, x: X) => readonly [Carry, unknown],
  init: Nested,
  xs?: Nested,
  options: ScanOptions = {},
): [Carry, Y] {
  const sequences = structureOf("scan", "xs", xs ?? []);
  const length = loopLength("scan", sequences.nodes, options.length);
  const { carry, stacked } = runLoop({
    where: "scan",
    init: structureOf("scan", "init", init),
    sequences,
    length,
    reverse: options.reverse ?? false,
    unroll: options.unroll === true,
    body: (carry, x) => f(carry as Carry, (xs === undefined ? undefined : x) as X),
  });
  return [carry as Carry, stacked as Y];
}

/** The common leading extent. */
function loopLength(where: string, nodes: readonly Node[], given: number | undefined): number {
  if (given !== undefined) checkCount(where, "length", given, 0);
  const scalar = nodes.find(({ shape }) => shape.length === 0);
  if (scalar) throw differing(where, nodes, "at least one axis each, the leading one being iterated over");
  const length = given ?? nodes[0]?.shape[0];
  if (length === undefined) {
    throw new ValueError(where, "the number of iterations is not given.", {
      received: "neither xs nor a length.",
      expected: "values to iterate over, or { length }.",
      fix: `pass { length: n } to ${where}.`,
    });
  }
  if (nodes.every(({ shape }) => shape[0] === length)) return length;
  throw differing(where, nodes, `leading extent ${length}${given === undefined ? "" : " (length)"}`);
}

function differing(where: string, nodes: readonly Node[], expected: string): ShapeError {
  return new ShapeError(where, "leading extents do not fit together.", {
    received: `${nodes.map(({ dtype, shape }) => typeText(dtype, shape)).join(", ")}.`,
    expected: `${expected}.`,
    fix: "slice or pad the values to one length.",
  });
}

/**
 * Applies `f` to every element along the leading axis and stacks the results; one body, run once per element.
 *
 * @param xs - A tensor, or tensors nested in arrays and records with a common leading extent.
 * @example
 * await ops.map((x) => x.mul(x), tensor([1, 2, 3])).array(); // [1, 4, 9]
 */
export function map<X = Tensor, Y = Tensor>(f: (x: X) => unknown, xs: Nested): Y {
  const sequences = structureOf("map", "xs", xs);
  const { stacked } = runLoop({
    where: "map",
    init: none("map"),
    sequences,
    length: loopLength("map", sequences.nodes, undefined),
    reverse: false,
    unroll: false,
    body: (_, x) => [[], f(x as X)],
  });
  return stacked as Y;
}

const none = (where: string): Structure => structureOf(where, "init", []);

/**
 * `value = body(i, value)` for i from `lower` to `upper` (exclusive).
 *
 * @param body - `(i, value) => value`, i an int32 scalar; the value keeps its structure, shapes and dtypes.
 * @throws ValueError if a bound is no integer.
 * @example
 * await ops.foriLoop(0, 10, (i, sum) => sum.add(ops.cast(i, "float32")), tensor(0)).item(); // 45
 */
export function foriLoop<Value = Tensor>(
  lower: number,
  upper: number,
  body: (i: Tensor, value: Value) => unknown,
  init: Nested,
): Value {
  for (const bound of [lower, upper]) {
    if (Number.isInteger(bound)) continue;
    throw new ValueError("foriLoop", "a bound is no integer.", {
      received: `${String(bound)}.`,
      expected: "integers: the number of iterations is structure.",
      fix: "use whileLoop where the number of iterations is computed.",
    });
  }
  const length = Math.max(0, upper - lower);
  const count = iota([length], 0, "int32");
  const indices = lower === 0 ? count : add(count, number(lower, "int32"));
  const { carry } = runLoop({
    where: "foriLoop",
    init: structureOf("foriLoop", "init", init),
    sequences: { nodes: [indices], tree: flattenTree(indices) },
    length,
    reverse: false,
    unroll: false,
    body: (value, i) => [body(i as Tensor, value as Value), []],
  });
  return carry as Value;
}

