/** @file scan as an operation: a body run `length` times, its carries handed on, its other results stacked. Its gradient is a scan. */
import { vjp } from "../autodiff/vjp.ts";
import { internal } from "../graph/errors.ts";
import type { Attrs, Node, Primitive, RefArray, ResultType } from "../graph/node.ts";
import { record } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { interpret } from "../interpret/interpret.ts";
import { add } from "../primitives/arithmetic.ts";
import { type BundleContext, bundle, part } from "../primitives/bundle.ts";
import { at } from "../primitives/factory.ts";
import { flip, reshape, sliceAxis } from "../primitives/movement.ts";
import { fill } from "../primitives/source.ts";
import { placeholderNode } from "../runtime/leaf.ts";
import { type Body, bodyOf, capture, makeBody, membersOf, type ValueType, windowOf } from "./body.ts";
import { underTraces } from "./trace.ts";

/**
 * Inputs: initial carries, sequences, constants, as many as the body has leaves. Results: final carries; stacked results; and of each carry
 * its history, the values before each iteration and after the last, in order of iterations.
 */
export interface ScanAttrs extends Attrs {
  readonly body: number;
  readonly length: number;
  /** Sequences and stacked results are indexed from the end. */
  readonly reverse: boolean;
  readonly carries: number;
  readonly sequences: number;
}

/** Positions of a scan's results. */
export interface ScanResults {
  final(carry: number): number;
  stacked(i: number): number;
  history(carry: number): number;
}

export function scanResults({ body, carries }: ScanAttrs): ScanResults {
  const numOutputs = bodyOf(body).outputs.length;
  return { final: (i) => i, stacked: (i) => carries + i, history: (i) => numOutputs + i };
}

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
  const { history, stacked, final } = scanResults(scan);
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
    const found = interpret(body.outputs, (node) => byLeaf.get(node) ?? null);
    state = found.slice(0, carries);
    keep(t + 1);
    found.slice(carries).forEach(({ data }, i) => {
      at(out, stacked(i)).set(data, position * data.length);
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
  .../*#__PURE__*/ bundle("scan", { results: resultTypes, reference, vjp: scanVjp }),
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

const isFloat = ({ dtype }: ValueType): boolean => dtype === "float32";

/** Outputs that depend on one of the leaves in a differentiable way. */
function dependents(body: Body, leaves: ReadonlySet<Node>): boolean[] {
  const found = new Set(leaves);
  for (const node of membersOf(body)) {
    if (isFloat(node) && node.primitive.vjp && node.inputs.some((input) => found.has(input))) found.add(node);
  }
  return body.outputs.map((output) => found.has(output));
}

/** Carries that vary with what is wanted: they need a cotangent from iteration to iteration. */
function varyingCarries(body: Body, { carries }: ScanAttrs, wants: readonly boolean[]): Set<number> {
  const varying = new Set<number>();
  const wanted = new Set(body.leaves.filter((leaf, i) => wants[i] && isFloat(leaf)));
  for (let size = -1; size !== varying.size; ) {
    size = varying.size;
    dependents(body, wanted).forEach((depends, i) => {
      if (i >= carries || !(depends || wanted.has(at(body.leaves, i)))) return;
      varying.add(i);
      wanted.add(at(body.leaves, i));
    });
  }
  return varying;
}

/** What goes into the backward scan beside the constants: a leaf of its body, and the value outside. */
interface Operand {
  readonly leaf: Node;
  readonly value: Node;
}

const leafOf = ({ shape, dtype }: ValueType, value: Node): Operand => ({
  leaf: placeholderNode(shape, dtype),
  value,
});

const zeros = ({ shape, dtype }: ValueType): Node => fill(0, shape, dtype);

/** The scan runs back over the iterations: its body is the vjp of the body at the carries of the forward run. */
function scanVjp(cotangents: readonly (Node | null)[], context: BundleContext): (Node | null)[] {
  const attrs = context.attrs as ScanAttrs;
  const forward = context.result(0).inputs[0] as Node;
  const body = ownBody(forward);
  const { carries, sequences } = attrs;
  const results = scanResults(attrs);
  const { leaves, outputs } = body;
  const varying = [...varyingCarries(body, attrs, context.wants)].filter((i) => isFloat(at(leaves, i)));
  const constants = leaves.flatMap((leaf, i) =>
    i >= carries + sequences && context.wants[i] && isFloat(leaf) ? [i] : [],
  );
  const wantedSequences = leaves.flatMap((leaf, i) =>
    i >= carries && i < carries + sequences && context.wants[i] && isFloat(leaf) ? [i] : [],
  );
  // Cotangents of the carry after an iteration: what comes back from the next one, and the history's own.
  const carried = varying.map((i) => {
    const last = cotangents[results.final(i)] ?? zeros(at(outputs, i));
    return leafOf(at(outputs, i), last);
  });
  const alongHistory = varying.map((i) => cotangents[results.history(i)] ?? null);
  const histories = alongHistory.map((cotangent, k) =>
    cotangent ? leafOf(at(outputs, at(varying, k)), afterFirst(cotangent, attrs)) : null,
  );
  const stacked = outputs.slice(carries).map((output, i) => {
    const cotangent = cotangents[results.stacked(i)];
    return cotangent ? leafOf(output, cotangent) : null;
  });
  const totals = constants.map((i) => leafOf(at(leaves, i), zeros(at(leaves, i))));
  const { value: gradient, window } = windowOf(() =>
    underTraces(body.traces, () => {
      const ends: [Node, Node][] = varying.map((i, k) => {
        const own = at(carried, k).leaf;
        const history = histories[k];
        return [at(outputs, i), history ? add(own, history.leaf) : own];
      });
      stacked.forEach((operand, i) => {
        if (operand) ends.push([at(outputs, carries + i), operand.leaf]);
      });
      const wrt = [...varying, ...wantedSequences, ...constants].map((i) => at(leaves, i));
      const found = vjp(
        ends.map(([output]) => output),
        ends.map(([, cotangent]) => cotangent),
        wrt,
        { enters: () => true, inputsOf: ({ inputs }) => inputs },
      );
      const toCarries = varying.map((i, k) => found[k] ?? zeros(at(leaves, i)));
      const toSequences = wantedSequences.map((_, k) => found[varying.length + k] ?? null);
      const toConstants = constants.map((_, k) => {
        const one = found[varying.length + wantedSequences.length + k];
        return one ? add(at(totals, k).leaf, one) : null;
      });
      return { toCarries, toSequences, toConstants };
    }),
  );
  const { toCarries, toSequences, toConstants } = gradient;
  const connected = toConstants.flatMap((node, k) => (node ? [k] : []));
  const stackedBack = toSequences.flatMap((node, k) => (node ? [k] : []));
  const outputsBack = [
    ...toCarries,
    ...connected.map((k) => toConstants[k] as Node),
    ...stackedBack.map((k) => toSequences[k] as Node),
  ];
  const carriesBack = [...carried, ...connected.map((k) => at(totals, k))];
  const found = runBack({
    body,
    attrs,
    context,
    window,
    outputs: outputsBack,
    carries: carriesBack,
    sequences: [...histories, ...stacked].flatMap((operand) => (operand ? [operand] : [])),
  });
  const cotangentsOf: (Node | null)[] = leaves.map(() => null);
  varying.forEach((i, k) => {
    const history = alongHistory[k];
    const back = found(k);
    cotangentsOf[i] = history ? add(back, firstOf(history)) : back;
  });
  connected.forEach((k, j) => {
    cotangentsOf[at(constants, k)] = found(varying.length + j);
  });
  stackedBack.forEach((k, j) => {
    cotangentsOf[at(wantedSequences, k)] = found(carriesBack.length + j);
  });
  return cotangentsOf.map((node, i) => (context.wants[i] ? node : null));
}

/** The history's cotangents of iterations' results, indexed like sequences. */
function afterFirst(history: Node, attrs: ScanAttrs): Node {
  return alongSequences(sliceAxis(history, 0, 1, attrs.length + 1), attrs);
}

const firstOf = (history: Node): Node => reshape(sliceAxis(history, 0, 0, 1), history.shape.slice(1));

/** From the order of iterations to that of sequences. */
const alongSequences = (x: Node, { reverse }: ScanAttrs): Node => (reverse ? flip(x, [0]) : x);

interface BackwardRun {
  readonly body: Body;
  readonly attrs: ScanAttrs;
  readonly context: BundleContext;
  readonly window: Body["windows"][number];
  readonly outputs: readonly Node[];
  readonly carries: readonly Operand[];
  readonly sequences: readonly Operand[];
}

/** Records the backward scan over what its body really reads; gives its results by position. */
function runBack(run: BackwardRun): (i: number) => Node {
  const { body, attrs, context, carries } = run;
  const results = scanResults(attrs);
  const windows = [...body.windows, run.window];
  const given = [...carries, ...run.sequences].map(({ leaf }) => leaf);
  const captured = capture({
    leaves: [...given, ...body.leaves],
    outputs: run.outputs,
    windows,
    foreign: new Set(),
  });
  const used = usedLeaves([...body.leaves, ...given], captured.outputs);
  const isUsed = ({ leaf }: Operand) => used.has(leaf);
  const sequences = [
    ...run.sequences.filter(isUsed),
    ...body.leaves.flatMap((leaf, i): Operand[] => {
      if (!used.has(leaf) || i >= attrs.carries + attrs.sequences) return [];
      if (i >= attrs.carries) return [{ leaf, value: at(context.inputs, i) }];
      const before = sliceAxis(context.result(results.history(i)), 0, 0, attrs.length);
      return [{ leaf, value: alongSequences(before, attrs) }];
    }),
  ];
  const constants: Operand[] = body.leaves.flatMap((leaf, i) =>
    used.has(leaf) && i >= attrs.carries + attrs.sequences ? [{ leaf, value: at(context.inputs, i) }] : [],
  );
  captured.outside.forEach((value, i) => {
    constants.push({ leaf: at(captured.leaves, i), value });
  });
  const backward = makeBody({
    leaves: [...carries, ...sequences, ...constants].map(({ leaf }) => leaf),
    outputs: captured.outputs,
    windows,
    traces: body.traces,
  });
  const values = (operands: readonly Operand[]) => operands.map(({ value }) => value);
  const node = recordScan(
    backward,
    { carries: values(carries), sequences: values(sequences), constants: values(constants) },
    { length: attrs.length, reverse: !attrs.reverse },
  );
  return (i) => part(node, i);
}

function usedLeaves(leaves: readonly Node[], outputs: readonly Node[]): Set<Node> {
  const own = new Set(leaves);
  const used = new Set<Node>();
  const seen = new Set<Node>();
  const stack = [...outputs];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (own.has(node)) used.add(node);
    if (seen.has(node) || own.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return used;
}
