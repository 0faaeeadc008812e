/** @file scan as an operation: a body run `length` times, its carries handed on, its other results stacked. */
import { internal } from "../graph/errors.ts";
import {
  type Attrs,
  type Node,
  type Primitive,
  type RefArray,
  type ResultType,
  record,
} from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { interpret } from "../interpret/interpret.ts";
import { bundle } from "../primitives/bundle.ts";
import { at } from "../primitives/factory.ts";
import { type Body, bodyOf, type ValueType } from "./body.ts";
import { scanGradient } from "./scanGradient.ts";
import { keptMembers, type ScanAttrs, scanResults } from "./scanResults.ts";

export { type ScanAttrs, scanResults } from "./scanResults.ts";

const stackOf = (length: number, { shape, dtype }: ValueType): ResultType => ({
  shape: shapeOf([length, ...shape]),
  dtype,
});

function resultTypes(_: readonly Node[], attrs: Attrs): ResultType[] {
  const { body, carries, length } = attrs as ScanAttrs;
  const { outputs } = bodyOf(body);
  const finals = outputs.slice(0, carries);
  return [
    ...finals,
    ...outputs.slice(carries).map((output) => stackOf(length, output)),
    ...finals.map((output) => stackOf(length + 1, output)),
    ...keptMembers(bodyOf(body), length).map((node) => stackOf(length, node)),
  ].map(({ shape, dtype }) => ({ shape, dtype }));
}

/** The sequence position of iteration `t`. */
const positionOf = (t: number, { length, reverse }: ScanAttrs): number => (reverse ? length - 1 - t : t);

/** A plain loop over the interpreter. */
function reference(
  inputs: readonly RefArray[],
  attrs: Attrs,
  results: readonly ResultType[],
): Float64Array[] {
  const scan = attrs as ScanAttrs;
  const { carries, sequences, length } = scan;
  const body = bodyOf(scan.body);
  const out = results.map(({ shape }) => new Float64Array(shapeOf(shape).size));
  const { history, stacked, final, kept } = scanResults(scan);
  const keptNodes = keptMembers(body, length);
  let state = inputs.slice(0, carries);
  const keep = (t: number) =>
    state.forEach(({ data }, i) => {
      at(out, history(i)).set(data, t * data.length);
    });
  keep(0);
  for (let t = 0; t < length; t++) {
    const position = positionOf(t, scan);
    const slices = inputs.slice(carries, carries + sequences).map((x) => elementOf(x, position));
    const values = [...state, ...slices, ...inputs.slice(carries + sequences)];
    const byLeaf = new Map(body.leaves.map((leaf, i) => [leaf, at(values, i)]));
    const found = interpret([...body.outputs, ...keptNodes], (node) => byLeaf.get(node) ?? null);
    state = found.slice(0, carries);
    keep(t + 1);
    found.slice(carries).forEach(({ data }, i) => {
      const isKept = i >= body.outputs.length - carries;
      const result = isKept ? kept(i + carries - body.outputs.length) : stacked(i);
      at(out, result).set(data, position * data.length);
    });
  }
  state.forEach(({ data }, i) => {
    at(out, final(i)).set(data);
  });
  return out;
}

function elementOf({ shape, dtype, data }: RefArray, i: number): RefArray {
  const inner = shapeOf(shape.slice(1));
  return { shape: inner, dtype, data: data.slice(i * inner.size, (i + 1) * inner.size) };
}

export const scanPrimitive: Primitive = {
  .../*#__PURE__*/ bundle("scan", {
    results: resultTypes,
    reference,
    vjp: (cotangents, context) => {
      const node = context.result(0).inputs[0] as Node;
      return scanGradient(cotangents, context, ownBody(node), recordScan);
    },
  }),
  flow: "scan",
};

/** Bodies by the operations that run them; a copy of an operation has the body of its number. */
const ownBodies = /*#__PURE__*/ new WeakMap<Node, Body>();

const ownBody = (node: Node): Body => ownBodies.get(node) ?? bodyOf((node.attrs as ScanAttrs).body);

export interface ScanInputs {
  readonly carries: readonly Node[];
  readonly sequences: readonly Node[];
  readonly constants: readonly Node[];
}

/** Records a scan; ask for its results by `scanResults` and `part`. */
export function recordScan(
  body: Body,
  { carries, sequences, constants }: ScanInputs,
  options: { readonly length: number; readonly reverse: boolean },
): Node {
  const inputs = [...carries, ...sequences, ...constants];
  if (inputs.length !== body.leaves.length) throw internal(`scan: ${inputs.length} inputs`);
  const attrs: ScanAttrs = {
    body: body.id,
    length: options.length,
    reverse: options.reverse,
    carries: carries.length,
    sequences: sequences.length,
  };
  const node = record(scanPrimitive, inputs, attrs);
  ownBodies.set(node, body);
  return node;
}
