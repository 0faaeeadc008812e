/** @file Where to cut a long run of pending values, so that every chunk of a loop has the same structure. */
import type { Node } from "../graph/node.ts";

/**
 * Number of leading values to evaluate: a multiple of the smallest period of the sequence, so that the next chunk starts at the same
 * point of the loop body. (A cut at a fixed count gives a new program each time: 199 programs in 200 flushes for a body of 301.)
 */
export function periodicCut(pending: readonly Node[]): number {
  const period = smallestPeriod(pending.map(localHash));
  return Math.max(period, Math.floor(pending.length / period) * period);
}

/** Operation, shape and dtype of a node, without its inputs. */
function localHash({ primitive, shape, dtype, inputs }: Node): number {
  let hash = Math.imul(shape.id + 1, 0x9e3779b9) ^ (inputs.length << 8) ^ dtype.charCodeAt(0);
  for (let i = 0; i < primitive.name.length; i++)
    hash = Math.imul(hash ^ primitive.name.charCodeAt(i), 0x01000193);
  return hash;
}

/** Smallest p with words[i] === words[i - p] for all i >= p (prefix function). */
function smallestPeriod(words: readonly number[]): number {
  const border = new Int32Array(words.length);
  for (let i = 1; i < words.length; i++) {
    let length = border[i - 1] as number;
    while (length > 0 && words[i] !== words[length]) length = border[length - 1] as number;
    border[i] = words[i] === words[length] ? length + 1 : 0;
  }
  return words.length - (border.at(-1) ?? 0);
}

/** Values of the first part that must be stored: those nobody in it reads, and those the second part reads. */
export function chunkRoots(first: readonly Node[], second: readonly Node[]): Node[] {
  const last = first.at(-1)?.id ?? 0;
  const roots = new Set(first.filter((node) => node.uses === 0 && !node.stored && node.handles > 0));
  const seen = new Set<Node>(second);
  const stack = [...second];
  for (let node = stack.pop(); node; node = stack.pop()) {
    for (const input of node.stored ? [] : node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      if (input.id > last) stack.push(input);
      else if (!input.stored) roots.add(input);
    }
  }
  return [...roots].sort((a, b) => a.id - b.id);
}
