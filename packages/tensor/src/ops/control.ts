/** @file Control flow as operations: loops (scan, map, foriLoop, whileLoop), branches (cond, switch), and associativeScan. */
import { type Combine, scanPairs } from "../control/associative.ts";
import { runSwitch } from "../control/branch.ts";
import { fillStructure, runLoop, type Structure, structureOf } from "../control/loop.ts";
import { ShapeError, StateError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { handleFree } from "../jit.ts";
import { add, maximum, minimum, sub } from "../primitives/arithmetic.ts";
import { cast } from "../primitives/logic.ts";
import { flip, reshape } from "../primitives/movement.ts";
import { constant, iota, number } from "../primitives/source.ts";
import { recording } from "../runtime/recording.ts";
import { isHandleFree, scopes } from "../runtime/scope.ts";
import { Tensor } from "../tensor.ts";
import { flattenTree } from "../tree.ts";
import { checkCount, integerOperand, oneAxis, type TensorLike, toNode, wrap } from "./arguments.ts";

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
 * scan((sum, x) => [sum.add(x), sum.add(x)], tensor(0), tensor([1, 2, 3]))[1]; // [1, 3, 6]
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
 * map((x) => x.mul(x), tensor([1, 2, 3])); // [1, 4, 9]
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
 * foriLoop(0, 10, (i, sum) => sum.add(cast(i, "float32")), tensor(0)); // 45
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

/** A bool or number of size 1 as a bool scalar. */
function predicate(where: string, pred: TensorLike): Node {
  const node = toNode(pred);
  if (node.shape.size !== 1) {
    throw new ShapeError(where, "the predicate is not a scalar.", {
      received: `${typeText(node.dtype, node.shape)}.`,
      expected: "a tensor of size 1.",
      fix: "reduce it with ops.any or ops.all, or choose elementwise with ops.where.",
    });
  }
  return cast(reshape(node, []), "bool");
}

/**
 * `trueFn()` where `pred` holds, else `falseFn()`: only one of them is computed, chosen on the device. A plain boolean chooses at once.
 *
 * @param pred - A boolean, or a tensor of size 1.
 * @returns what the branches return: the same structure, shapes and dtypes from both.
 * @throws ShapeError if `pred` is no scalar or the branches' types differ.
 * @example
 * cond(greater(tensor(4), 0), () => sqrt(tensor(4)), () => zeros([])); // 2
 */
export function cond<R = Tensor>(pred: TensorLike, trueFn: () => unknown, falseFn: () => unknown): R {
  if (typeof pred === "boolean") return (pred ? trueFn() : falseFn()) as R;
  const index = sub(number(1, "int32"), cast(predicate("cond", pred), "int32"));
  return runSwitch({ where: "cond", index, branches: [trueFn, falseFn], operands: [] }) as R;
}

/**
 * `branches[index](...operands)`; an index out of range means the nearest branch. Only that branch is computed.
 *
 * @param index - An integer, or an integer tensor of size 1.
 * @example
 * const y = ops.switch(i, [ops.sin, ops.cos], x);
 */
function switchOf<R = Tensor>(
  index: TensorLike,
  branches: readonly ((...operands: never[]) => unknown)[],
  ...operands: readonly Nested[]
): R {
  if (branches.length === 0) {
    throw new ValueError("switch", "there are no branches.", {
      received: "an empty list.",
      expected: "at least one function.",
      fix: "pass the functions to choose from.",
    });
  }
  const functions = branches as readonly ((...operands: unknown[]) => unknown)[];
  if (typeof index === "number") {
    const nearest = Math.min(Math.max(Math.trunc(index), 0), branches.length - 1);
    return functions[nearest]?.(...operands) as R;
  }
  const node = integerOperand("switch", index);
  if (node.shape.size !== 1) {
    throw new ShapeError("switch", "the index is not a scalar.", {
      received: `${typeText(node.dtype, node.shape)}.`,
      expected: "an integer tensor of size 1.",
      fix: "pick one element, or choose elementwise with ops.where.",
    });
  }
  const scalar = cast(reshape(node, []), "int32");
  const last = number(branches.length - 1, "int32");
  const within = minimum(maximum(scalar, constant(0, "int32")), last);
  const structures = operands.map((operand, i) => structureOf("switch", `operand ${i}`, operand));
  return runSwitch({ where: "switch", index: within, branches: functions, operands: structures }) as R;
}

export { switchOf as switch };

export interface WhileLoopOptions {
  /** At most so many iterations. With it the loop is one operation that has gradients and works in compiled functions. */
  readonly maximumIterations?: number;
}

/** Iterations between two looks of the host at the condition. */
const blockLength = 8;

/**
 * Repeats `body` while `cond` holds. With `maximumIterations` the loop runs on the device alone: iterations after the last are skipped there,
 * and gradients of any order exist. Without, the host looks at the condition every few iterations, so the result is a promise, compiled
 * functions cannot contain the loop, and it has no gradient.
 *
 * @param cond - `(...loopVars) => boolean tensor of size 1`.
 * @param body - `(...loopVars) => new loopVars`, of the same structure, shapes and dtypes.
 * @param loopVars - A list of values (arguments one after another), or a single value.
 * @throws StateError without `maximumIterations` in a compiled function or under a tape; ShapeError if a value changes its type.
 * @example
 * whileLoop((i) => less(i, 10), (i) => i.add(3), tensor(0), { maximumIterations: 100 }); // 12
 */
export function whileLoop<Vars = Tensor>(
  cond: (...loopVars: never[]) => TensorLike,
  body: (...loopVars: never[]) => unknown,
  loopVars: Nested,
  options: WhileLoopOptions & { readonly maximumIterations: number },
): Vars;
export function whileLoop<Vars = Tensor>(
  cond: (...loopVars: never[]) => TensorLike,
  body: (...loopVars: never[]) => unknown,
  loopVars: Nested,
  options?: WhileLoopOptions,
): Promise<Vars>;
export function whileLoop<Vars = Tensor>(
  cond: (...loopVars: never[]) => TensorLike,
  body: (...loopVars: never[]) => unknown,
  loopVars: Nested,
  { maximumIterations }: WhileLoopOptions = {},
): Vars | Promise<Vars> {
  const isList = Array.isArray(loopVars);
  const spread = (vars: unknown) => (isList ? vars : [vars]) as never[];
  const step = (length: number, vars: Nested): Vars =>
    runLoop({
      where: "whileLoop",
      init: structureOf("whileLoop", "loopVars", vars),
      sequences: none("whileLoop"),
      length,
      reverse: false,
      unroll: false,
      body: (vars) => [
        condOf(
          cond(...spread(vars)),
          () => body(...spread(vars)),
          () => vars,
        ),
        [],
      ],
    }).carry as Vars;
  if (maximumIterations !== undefined) {
    checkCount("whileLoop", "maximumIterations", maximumIterations, 0);
    return step(maximumIterations, loopVars);
  }
  if (scopes.trace || isHandleFree() || [...recording.keepers].some((keeper) => keeper.records))
    throw needsMaximum();
  return (async () => {
    let vars = loopVars as unknown as Vars;
    // What the host waits for anyway: the condition after each block.
    while (await asTensor(cond(...spread(vars))).item()) vars = step(blockLength, vars);
    return vars;
  })();
}

const condOf = cond;

const asTensor = (value: TensorLike): Tensor => wrap(predicate("whileLoop", value));

function needsMaximum(): StateError {
  return new StateError(
    "whileLoop",
    "the number of iterations has no bound where the loop must be one operation.",
    {
      received: "no maximumIterations, in a compiled function or under a gradient tape.",
      expected: "a bound: a GPU has no loop of its own, and a gradient runs the iterations back.",
      fix: "pass { maximumIterations: n }, or run the loop outside.",
    },
  );
}

export interface AssociativeScanOptions {
  readonly reverse?: boolean;
  readonly axis?: number;
}

/**
 * All running combinations of the elements along an axis, in about 2 log2(n) combinations of whole arrays instead of n one after another.
 *
 * @param f - An associative function of two values of the structure of `elems`, elementwise along the axis. With `reverse` the elements
 *   are combined from the last one on.
 * @param elems - A tensor, or tensors nested in arrays and records, with one extent along `axis`.
 * @example
 * associativeScan((a, b) => a.add(b), tensor([1, 2, 3, 4])); // [1, 3, 6, 10]
 */
export function associativeScan<E = Tensor>(
  f: (a: E, b: E) => unknown,
  elems: Nested,
  { reverse = false, axis = 0 }: AssociativeScanOptions = {},
): E {
  const { nodes, tree } = structureOf("associativeScan", "elems", elems);
  const axes = nodes.map(({ shape }) => oneAxis("associativeScan", axis, shape.length));
  const extents = nodes.map(({ shape }, i) => shape[axes[i] as number]);
  if (new Set(extents).size > 1) throw differing("associativeScan", nodes, `one extent along axis ${axis}`);
  const flipped = (list: readonly Node[]) =>
    reverse ? list.map((node, i) => flip(node, [axes[i] as number])) : list;
  const combine: Combine = (a, b) => {
    const [left, right] = [a, b].map((list) => fillStructure(tree, list, (node) => new Tensor(node)));
    return structureOf("associativeScan", "the combination", f(left as E, right as E)).nodes;
  };
  if (nodes.length === 0) return elems as E;
  return handleFree(() => {
    const found = flipped(scanPairs(combine, flipped(nodes), axes));
    return fillStructure(tree, found, (node) => new Tensor(node)) as E;
  });
}
