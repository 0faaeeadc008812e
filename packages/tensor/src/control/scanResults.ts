/** @file What a scan's node holds: its attributes and the positions of its results. */
import type { Attrs, Node } from "../graph/node.ts";
import { type Body, bodyOf, membersOf } from "./body.ts";

/**
 * Inputs: initial carries, sequences, constants, as many as the body has leaves. Results: final carries; stacked results; and of each carry
 * its history, the values before each iteration and after the last, in order of iterations; and stacks of the values that gradients read
 * (`keptMembers`).
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
  kept(i: number): number;
}

export function scanResults({ body, carries }: ScanAttrs): ScanResults {
  const numOutputs = bodyOf(body).outputs.length;
  return {
    final: (i) => i,
    stacked: (i) => carries + i,
    history: (i) => numOutputs + i,
    kept: (i) => numOutputs + carries + i,
  };
}

/** Stacks above this size are not made for the sake of a gradient. */
export const maxStackBytes: number = 1 << 26;

/**
 * Values of the body that a gradient reads from a stack instead of computing them again: matrix products, with what is added to them.
 * Outputs need no stack of their own. Equal bodies have equal lists.
 */
export function keptMembers(body: Body, length: number): Node[] {
  const nodes = membersOf(body);
  const readers = new Map<Node, Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const list = readers.get(input);
      if (list) list.push(node);
      else readers.set(input, [node]);
    }
  }
  const withSums = (node: Node): Node => {
    const [reader, ...others] = readers.get(node) ?? [];
    const isSum = reader?.primitive.name === "add" && reader.shape === node.shape && others.length === 0;
    return isSum && reader ? withSums(reader) : node;
  };
  const products = nodes.filter(({ primitive }) => primitive.family === "contraction").map(withSums);
  return [...new Set(products)].filter(
    (node) => !body.outputs.includes(node) && node.shape.size * length * 4 <= maxStackBytes,
  );
}
