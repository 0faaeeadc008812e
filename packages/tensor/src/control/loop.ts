/** @file Loops over functions of tensors, traced once: the common part of scan, foriLoop, map and whileLoop. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { shapeOf, typeText } from "../graph/shape.ts";
import { part } from "../primitives/bundle.ts";
import { at } from "../primitives/factory.ts";
import { concat, flip, reshape, sliceAxis } from "../primitives/movement.ts";
import { fill } from "../primitives/source.ts";
import { isTensor, type TensorLike, toNode } from "../runtime/handles.ts";
import { refusePromise } from "../runtime/scope.ts";
import { Tensor, wrap } from "../tensor.ts";
import { flattenTree, type Tree, unflattenTree } from "../tree.ts";
import { settleAssignment } from "../variable.ts";
import { capture, makeBody, type ValueType } from "./body.ts";
import { recordScan } from "./scan.ts";
import { type ScanAttrs, scanResults } from "./scanResults.ts";
import { assignStates, type TracedBody, traceBody, valuesOutside } from "./trace.ts";

/** Nested arrays and records of values. */
export interface Structure {
  readonly nodes: readonly Node[];
  readonly tree: Tree;
}

/** The values of a nested structure; a list of numbers is a structure of numbers. */
export function structureOf(where: string, what: string, value: unknown): Structure {
  const tree = flattenTree(value);
  const nodes = tree.leaves.map((leaf) => {
    refusePromise(where, leaf);
    if (leaf === undefined || typeof leaf === "string" || typeof leaf === "function" || leaf === null)
      throw new ValueError(where, `${what} holds something that is no value.`, {
        received: `${typeof leaf === "function" ? "a function" : String(leaf)}.`,
        expected: "tensors and numbers, nested in arrays and plain records.",
        fix: "leave it out, or let the function refer to it from outside.",
      });
    return toNode(leaf as TensorLike);
  });
  return { nodes, tree };
}

/** The same structure with tensors of these nodes. */
export function fillStructure(tree: Tree, nodes: readonly Node[], asTensor: (node: Node) => Tensor): unknown {
  return unflattenTree({ ...tree, leaves: nodes.map(asTensor) });
}

export interface LoopSpec {
  readonly where: string;
  readonly init: Structure;
  readonly sequences: Structure;
  readonly length: number;
  readonly reverse: boolean;
  readonly unroll: boolean;
  /** One iteration on tensors: the new carry, and what is stacked. */
  readonly body: (carry: unknown, x: unknown) => readonly [carry: unknown, stacked: unknown];
}

/** What an iteration gave: how its results nest. */
interface Shapes {
  readonly stacked: Tree;
}

export interface LoopResult {
  readonly carry: unknown;
  readonly stacked: unknown;
}

/** Runs a loop as one operation (or, unrolled, as the operations of its iterations). */
export function runLoop(spec: LoopSpec): LoopResult {
  return spec.unroll ? runUnrolled(spec) : runScan(spec);
}

function iterate(spec: LoopSpec, carries: readonly Node[], slices: readonly Node[]) {
  const { where, init, sequences } = spec;
  const tensorOf = (node: Node) => new Tensor(node);
  const [carry, stacked] = requirePair(
    where,
    refusePromise(
      where,
      spec.body(fillStructure(init.tree, carries, tensorOf), fillStructure(sequences.tree, slices, tensorOf)),
    ),
  );
  const next = structureOf(where, "the new carry", carry);
  checkCarry(where, init, next);
  return { next: next.nodes, stacked: structureOf(where, "the result", stacked) };
}

function requirePair(where: string, value: unknown): readonly [unknown, unknown] {
  if (Array.isArray(value) && value.length === 2) return value as unknown as [unknown, unknown];
  throw new ValueError(where, "the function does not return two things.", {
    received: Array.isArray(value)
      ? `a list of ${value.length}.`
      : isTensor(value)
        ? "a tensor."
        : `${typeof value}.`,
    expected: "[carry, y]: what goes into the next iteration, and what is stacked.",
    fix: "return [carry, y]; y may be [] where nothing is stacked.",
  });
}

/** A carry keeps its structure, shapes and dtypes: it lies in one place. */
function checkCarry(where: string, before: Structure, after: Structure): void {
  if (before.tree.shape !== after.tree.shape) {
    throw new ValueError(where, "the carry changes its structure.", {
      received: `${after.tree.shape} after an iteration (* is a value).`,
      expected: `${before.tree.shape}, as the initial value has it.`,
      fix: "return the carry nested as it came in.",
    });
  }
  const wrong = before.nodes.findIndex((node, i) => {
    const { shape, dtype } = at(after.nodes, i);
    return node.shape !== shape || node.dtype !== dtype;
  });
  if (wrong < 0) return;
  const [was, is] = [at(before.nodes, wrong), at(after.nodes, wrong)];
  throw new ShapeError(where, "a carry changes its type between iterations.", {
    received: `${typeText(is.dtype, is.shape)} for value ${wrong} of the carry after an iteration.`,
    expected: `${typeText(was.dtype, was.shape)}, as the initial value has it.`,
    fix: "start with a value of the final shape and dtype (broadcastTo, cast), or stack what grows as y.",
  });
}

const sliceType = ({ shape, dtype }: ValueType): ValueType => ({ shape: shapeOf(shape.slice(1)), dtype });

function runScan(spec: LoopSpec): LoopResult {
  const { where, init, sequences, length, reverse } = spec;
  const numCarries = init.nodes.length;
  const types = [...init.nodes, ...sequences.nodes.map(sliceType)];
  const traced = traceBody(where, types, (parameters) => {
    const { next, stacked } = iterate(spec, parameters.slice(0, numCarries), parameters.slice(numCarries));
    return { outputs: [...next, ...stacked.nodes], result: { stacked: stacked.tree } as Shapes };
  });
  if (length === 0) return emptyResult(init, traced);
  for (const state of traced.states) settleAssignment(state);
  const { parts, outside } = bodyParts(traced, numCarries);
  const node = recordScan(
    makeBody(parts),
    {
      carries: [...init.nodes, ...valuesOutside(traced.states)],
      sequences: sequences.nodes,
      constants: outside,
    },
    { length, reverse },
  );
  const finals = (i: number) => part(node, scanResults(node.attrs as ScanAttrs).final(i));
  assignStates(
    traced.states,
    traced.states.map((_, i) => finals(numCarries + i)),
  );
  const carries = init.nodes.map((_, i) => finals(i));
  return {
    carry: fillStructure(init.tree, carries, wrap),
    stacked: fillStructure(traced.result.stacked, stackedResults(node, parts.outputs), wrap),
  };
}

/** The stacked results of a scan over a body with these outputs. */
function stackedResults(node: Node, outputs: readonly Node[]): Node[] {
  const attrs = node.attrs as ScanAttrs;
  const { stacked, history } = scanResults(attrs);
  return outputs.slice(attrs.carries).map((output) => {
    const i = outputs.indexOf(output);
    if (i >= attrs.carries) return part(node, stacked(i - attrs.carries));
    // A result that is a carry too is a view of the carry's history.
    const later = sliceAxis(part(node, history(i)), 0, 1, attrs.length + 1);
    return attrs.reverse ? flip(later, [0]) : later;
  });
}

/** Leaves and outputs in the order of a scan: carries and assigned state, sequences, constants. */
function bodyParts(traced: TracedBody<Shapes>, numCarries: number) {
  const { parameters, outputs, stateLeaves, stateValues, window, trace, foreign } = traced;
  const leaves = [...parameters.slice(0, numCarries), ...stateLeaves, ...parameters.slice(numCarries)];
  const ordered = [...outputs.slice(0, numCarries), ...stateValues, ...outputs.slice(numCarries)];
  const captured = capture({ leaves, outputs: ordered, windows: [window], foreign });
  return {
    parts: {
      leaves: [...leaves, ...captured.leaves],
      outputs: captured.outputs,
      windows: [window],
      traces: [trace],
    },
    outside: captured.outside,
  };
}

/** No iteration: the carry is the initial one, and stacks have no elements. */
function emptyResult(init: Structure, traced: TracedBody<Shapes>): LoopResult {
  const stacked = traced.outputs
    .slice(init.nodes.length)
    .map(({ shape, dtype }) => fill(0, [0, ...shape], dtype));
  return {
    carry: fillStructure(init.tree, init.nodes, wrap),
    stacked: fillStructure(traced.result.stacked, stacked, wrap),
  };
}

function runUnrolled(spec: LoopSpec): LoopResult {
  const { init, sequences, length, reverse } = spec;
  if (length === 0) return runScan(spec);
  let carries = init.nodes;
  let tree: Tree | null = null;
  const rows: (readonly Node[])[] = [];
  for (let t = 0; t < length; t++) {
    const position = reverse ? length - 1 - t : t;
    const slices = sequences.nodes.map((x) =>
      reshape(sliceAxis(x, 0, position, position + 1), x.shape.slice(1)),
    );
    const { next, stacked } = iterate(spec, carries, slices);
    carries = next;
    tree = stacked.tree;
    rows[position] = stacked.nodes;
  }
  const stacked = at(rows, 0).map((_, i) =>
    concat(
      rows.map((row) => reshape(at(row, i), [1, ...at(row, i).shape])),
      0,
    ),
  );
  return {
    carry: fillStructure(init.tree, carries, wrap),
    stacked: fillStructure(tree as unknown as Tree, stacked, wrap),
  };
}
