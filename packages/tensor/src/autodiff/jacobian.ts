/** @file Jacobians row by row: one reverse walk per element of the target. */
import type { Node } from "../graph/node.ts";
import { concat, pad, reshape } from "../primitives/movement.ts";
import { fill } from "../primitives/source.ts";

/** Stacks d target[i] / d source; null where nothing connects them. */
export function jacobianNode(target: Node, gradient: (cotangent: Node) => Node | null): Node | null {
  const rows: Node[] = [];
  for (let i = 0; i < target.shape.size; i++) {
    const row = gradient(basisVector(target, i));
    if (!row) return null;
    rows.push(row);
  }
  const source = (rows[0] as Node).shape;
  const flat = rows.map((row) => reshape(row, [1, source.size]));
  return reshape(concat(flat, 0), [...target.shape, ...source]);
}

function basisVector(target: Node, i: number): Node {
  const size = target.shape.size;
  return reshape(pad(fill(1, [1], target.dtype), [i], [size - 1 - i]), target.shape);
}
