/** @file What a scan's node holds: its attributes and the positions of its results. */
import type { Attrs } from "../graph/node.ts";
import { bodyOf } from "./body.ts";

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
