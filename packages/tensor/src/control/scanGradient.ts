/** @file The gradient of a scan: a scan that runs back over the iterations, whose body is the vjp of the body. */
import { vjp } from "../autodiff/vjp.ts";
import { isFloat, type Node } from "../graph/node.ts";
import { add } from "../primitives/arithmetic.ts";
import { type BundleContext, part } from "../primitives/bundle.ts";
import { at } from "../primitives/factory.ts";
import { flip, reshape, sliceAxis } from "../primitives/movement.ts";
import { fill } from "../primitives/source.ts";
import { placeholderNode } from "../runtime/leaf.ts";
import { sumsAfterLoop } from "./afterLoop.ts";
import { type Body, capture, makeBody, membersOf, type ValueType, type Window, windowOf } from "./body.ts";
import type { recordScan } from "./scan.ts";
import { keptMembers, type ScanAttrs, scanResults } from "./scanResults.ts";
import { underTraces } from "./trace.ts";

/** Cotangents of the inputs of a scan. The carries of the forward run are read from its histories, all else is computed again. */
export function scanGradient(
  cotangents: readonly (Node | null)[],
  context: BundleContext,
  body: Body,
  record: typeof recordScan,
): (Node | null)[] {
  const run = new BackwardScan(cotangents, context, body);
  const drafted = windowOf(() => underTraces(body.traces, () => run.draft()));
  return run.finish(drafted.value, drafted.window, record);
}

/** A leaf of the backward body, and what it is in the backward scan. */
interface Operand {
  readonly leaf: Node;
  readonly value: Node;
}

/** What the backward body computes. */
interface Draft {
  /** Cotangents of varying carries before the iteration. */
  readonly carries: readonly Node[];
  /** Gradients of constants that are totalled, by leaf. */
  readonly totals: readonly { readonly leaf: number; readonly operand: Operand; readonly next: Node }[];
  readonly sequences: readonly { readonly leaf: number; readonly node: Node }[];
  /** Gradients of constants that are summed after the loop. */
  readonly later: readonly {
    readonly leaf: number;
    readonly sum: NonNullable<ReturnType<typeof sumsAfterLoop>[number]>;
  }[];
  /** Values stacked for these sums. */
  readonly stacks: readonly Node[];
}

const zeros = ({ shape, dtype }: ValueType): Node => fill(0, shape, dtype);
const operandOf = ({ shape, dtype }: ValueType, value: Node): Operand => ({
  leaf: placeholderNode(shape, dtype),
  value,
});

class BackwardScan {
  readonly #context: BundleContext;
  readonly #body: Body;
  readonly #attrs: ScanAttrs;
  /** Carries that vary with what is wanted. */
  readonly #varying: readonly number[];
  /** Cotangents of varying carries after the iteration: from the next one, and of the history. */
  readonly #carried: readonly Operand[];
  readonly #histories: readonly (Node | null)[];
  readonly #alongHistory: readonly (Operand | null)[];
  /** Values inside that have stacks, with the cotangents of these. */
  readonly #stacked: readonly { readonly node: Node; readonly operand: Operand }[];

  constructor(cotangents: readonly (Node | null)[], context: BundleContext, body: Body) {
    this.#context = context;
    this.#body = body;
    this.#attrs = context.attrs as ScanAttrs;
    const { outputs } = body;
    const { carries, length } = this.#attrs;
    const results = scanResults(this.#attrs);
    this.#varying = varyingCarries(body, this.#attrs, context.wants);
    this.#carried = this.#varying.map((i) =>
      operandOf(at(outputs, i), cotangents[results.final(i)] ?? zeros(at(outputs, i))),
    );
    this.#histories = this.#varying.map((i) => cotangents[results.history(i)] ?? null);
    this.#alongHistory = this.#histories.map((history, k) => {
      if (!history) return null;
      const afterFirst = this.#alongSequences(sliceAxis(history, 0, 1, length + 1));
      return operandOf(at(outputs, at(this.#varying, k)), afterFirst);
    });
    const stacked = outputs.slice(carries).map((node, i) => [node, results.stacked(i)] as const);
    const kept = keptMembers(body, length).map((node, i) => [node, results.kept(i)] as const);
    this.#stacked = [...stacked, ...kept].flatMap(([node, result]) => {
      const cotangent = cotangents[result];
      return cotangent ? [{ node, operand: operandOf(node, cotangent) }] : [];
    });
  }

  /** Records the nodes of the backward body. */
  draft(): Draft {
    const { leaves } = this.#body;
    const { carries, sequences, length } = this.#attrs;
    const found = this.#walk();
    const reached = (from: number, to: number) =>
      leaves.flatMap((leaf, i) => {
        const node = i >= from && i < to && this.#context.wants[i] ? found.get(leaf) : null;
        return node ? [{ leaf: i, node }] : [];
      });
    const constants = reached(carries + sequences, leaves.length);
    const given = this.#given();
    const sums = sumsAfterLoop(
      constants.map(({ node }) => node),
      length,
      (node) => given.has(node),
    );
    const totals = constants.flatMap(({ leaf, node }, k) => {
      if (sums[k]) return [];
      const operand = operandOf(node, zeros(node));
      return [{ leaf, operand, next: add(operand.leaf, node) }];
    });
    const later = constants.flatMap(({ leaf }, k) => {
      const sum = sums[k];
      return sum ? [{ leaf, sum }] : [];
    });
    const toSequences = reached(carries, carries + sequences);
    // What goes to a sequence is stacked in any case.
    const isStacked = (node: Node) => given.has(node) || toSequences.some((one) => one.node === node);
    return {
      carries: this.#varying.map((i) => found.get(at(leaves, i)) ?? zeros(at(leaves, i))),
      totals,
      sequences: toSequences,
      later,
      stacks: [...new Set(later.flatMap(({ sum }) => sum.operands))].filter((node) => !isStacked(node)),
    };
  }

  /** Records the backward scan, and what follows from its results. */
  finish(draft: Draft, window: Window, record: typeof recordScan): (Node | null)[] {
    const { totals, sequences, later, stacks } = draft;
    const result = this.#record(draft, window, record);
    const found: (Node | null)[] = this.#body.leaves.map(() => null);
    this.#varying.forEach((leaf, k) => {
      if (!this.#context.wants[leaf]) return;
      const history = this.#histories[k];
      found[leaf] = history ? add(result(k), firstOf(history)) : result(k);
    });
    totals.forEach(({ leaf }, k) => {
      found[leaf] = result(this.#varying.length + k);
    });
    const firstStacked = this.#varying.length + totals.length;
    sequences.forEach(({ leaf }, k) => {
      found[leaf] = result(firstStacked + k);
    });
    const given = this.#given();
    const stacked = [...sequences.map(({ node }) => node), ...stacks];
    const stackOf = (node: Node): Node => given.get(node)?.() ?? result(firstStacked + stacked.indexOf(node));
    for (const { leaf, sum } of later) found[leaf] = sum.finish(stackOf);
    return found;
  }

  /** Cotangents of the body's leaves from those of its outputs. */
  #walk(): Map<Node, Node | null> {
    const { leaves, outputs } = this.#body;
    const ends = this.#varying.map((i, k): [Node, Node] => {
      const [{ leaf }, history] = [at(this.#carried, k), this.#alongHistory[k]];
      return [at(outputs, i), history ? add(leaf, history.leaf) : leaf];
    });
    for (const { node, operand } of this.#stacked) ends.push([node, operand.leaf]);
    const wrt = leaves.filter(
      (leaf, i) => isFloat(leaf) && (this.#context.wants[i] || this.#varying.includes(i)),
    );
    const own = new Set(leaves);
    const cotangents = vjp(
      ends.map(([output]) => output),
      ends.map(([, cotangent]) => cotangent),
      wrt,
      { enters: (node) => !own.has(node), inputsOf: ({ inputs }) => inputs },
    );
    return new Map(wrt.map((leaf, i) => [leaf, cotangents[i] ?? null]));
  }

  /** Values of the forward body, and cotangents, whose stacks exist outside, in the order of sequences. */
  #given(): Map<Node, () => Node> {
    const { carries, sequences, length } = this.#attrs;
    const { result, inputs } = this.#context;
    const { history, kept } = scanResults(this.#attrs);
    const given = new Map<Node, () => Node>();
    keptMembers(this.#body, length).forEach((node, i) => {
      given.set(node, () => result(kept(i)));
    });
    const historyFrom = (i: number, first: number) => () =>
      this.#alongSequences(sliceAxis(result(history(i)), 0, first, first + length));
    this.#body.outputs.slice(0, carries).forEach((output, i) => {
      if (output.inputs.length > 0) given.set(output, historyFrom(i, 1));
    });
    this.#body.leaves.slice(0, carries + sequences).forEach((leaf, i) => {
      given.set(leaf, i < carries ? historyFrom(i, 0) : () => at(inputs, i));
    });
    for (const operand of [...this.#alongHistory, ...this.#stacked.map((one) => one.operand)])
      if (operand) given.set(operand.leaf, () => operand.value);
    return given;
  }

  /** Records the scan over what its body really reads; gives its results by position. */
  #record(draft: Draft, window: Window, record: typeof recordScan): (i: number) => Node {
    const { leaves, traces } = this.#body;
    const { carries, sequences, length, reverse } = this.#attrs;
    const given = this.#given();
    const carried = [...this.#carried, ...draft.totals.map(({ operand }) => operand)];
    const windows = [...this.#body.windows, window];
    const captured = capture({
      leaves: [...leaves, ...given.keys(), ...carried.map(({ leaf }) => leaf)],
      outputs: [
        ...draft.carries,
        ...draft.totals.map(({ next }) => next),
        ...draft.sequences.map(({ node }) => node),
        ...draft.stacks,
      ],
      windows,
      foreign: new Set(),
    });
    const used = usedLeaves([...leaves, ...given.keys()], captured.outputs);
    const read = [...given].flatMap(([leaf, value]) => (used.has(leaf) ? [{ leaf, value: value() }] : []));
    const constants = leaves.flatMap((leaf, i): Operand[] => {
      const isConstant = i >= carries + sequences && used.has(leaf);
      return isConstant ? [{ leaf, value: at(this.#context.inputs, i) }] : [];
    });
    captured.outside.forEach((value, i) => {
      constants.push({ leaf: at(captured.leaves, i), value });
    });
    const all = [...carried, ...read, ...constants].map(({ leaf }) => leaf);
    const node = record(
      makeBody({ leaves: all, outputs: captured.outputs, windows, traces }),
      { carries: valuesOf(carried), sequences: valuesOf(read), constants: valuesOf(constants) },
      { length, reverse: !reverse },
    );
    return (i) => part(node, i);
  }

  /** From the order of iterations to that of sequences. */
  #alongSequences(x: Node): Node {
    return this.#attrs.reverse ? flip(x, [0]) : x;
  }
}

const valuesOf = (operands: readonly Operand[]): Node[] => operands.map(({ value }) => value);

const firstOf = (history: Node): Node => reshape(sliceAxis(history, 0, 0, 1), history.shape.slice(1));

/** Outputs that depend on one of the leaves in a differentiable way. */
function dependents(body: Body, leaves: ReadonlySet<Node>): boolean[] {
  const found = new Set(leaves);
  for (const node of membersOf(body)) {
    if (isFloat(node) && node.primitive.vjp && node.inputs.some((input) => found.has(input))) found.add(node);
  }
  return body.outputs.map((output) => found.has(output));
}

/** Carries that vary with what is wanted: they need a cotangent from iteration to iteration. */
function varyingCarries(body: Body, { carries }: ScanAttrs, wants: readonly boolean[]): number[] {
  const varying = new Set<number>();
  const wanted = new Set(body.leaves.filter((leaf, i) => wants[i] && isFloat(leaf)));
  for (let size = -1; size !== varying.size; ) {
    size = varying.size;
    dependents(body, wanted).forEach((depends, i) => {
      if (i >= carries) return;
      const leaf = at(body.leaves, i);
      if (!isFloat(leaf) || !(depends || wanted.has(leaf))) return;
      varying.add(i);
      wanted.add(leaf);
    });
  }
  return [...varying];
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
