/** @file Sums over iterations that one operation takes after the loop: the weight gradient of all steps is one matrix product. */
import type { Node } from "../graph/node.ts";
import { add, addPrimitive } from "../primitives/arithmetic.ts";
import { matmul, matmulPrimitive } from "../primitives/contraction.ts";
import { at, list } from "../primitives/factory.ts";
import { reshape } from "../primitives/movement.ts";
import { sum, sumPrimitive } from "../primitives/reduce.ts";
import { maxStackBytes } from "./scanResults.ts";

/** A sum over iterations in terms of the stacks of values that iterations have. */
export interface AfterLoop {
  readonly operands: readonly Node[];
  finish(stackOf: (operand: Node) => Node): Node;
}

/**
 * How the sum of each node over `length` iterations is taken afterwards, or null where it is to be totalled in the loop. `isGiven`: values
 * whose stacks exist anyway.
 */
export function sumsAfterLoop(
  nodes: readonly Node[],
  length: number,
  isGiven: (node: Node) => boolean,
): (AfterLoop | null)[] {
  const terms = nodes.map(termsOf);
  const isProduct = (term: Node): boolean => pays(term, length, isGiven);
  const stacked = new Set(
    terms.filter((list) => list.every(isProduct)).flatMap((list) => list.flatMap((t) => t.inputs)),
  );
  const isSum = ({ primitive, attrs, inputs }: Node): boolean =>
    primitive === sumPrimitive &&
    attrs.keepDims === false &&
    (isGiven(at(inputs, 0)) || stacked.has(at(inputs, 0)));
  return terms.map((list) => {
    if (!list.every((term) => isProduct(term) || isSum(term))) return null;
    return {
      operands: list.flatMap(({ inputs }) => inputs),
      finish: (stackOf) => list.map((term) => total(term, stackOf)).reduce((a, b) => add(a, b)),
    };
  });
}

/** Summands of one shape. */
function termsOf(node: Node): Node[] {
  const { primitive, inputs, shape } = node;
  const isSum = primitive === addPrimitive && inputs.every((input) => input.shape === shape);
  return isSum ? inputs.flatMap(termsOf) : [node];
}

/** A^T B over few rows: storing the rows costs less than reading and writing the total in each iteration. */
function pays(
  { primitive, attrs, inputs, shape }: Node,
  length: number,
  isGiven: (node: Node) => boolean,
): boolean {
  const isProduct = primitive === matmulPrimitive && attrs.transposeA === true && attrs.transposeB === false;
  if (!isProduct || inputs.some((input) => input.shape.length !== 2)) return false;
  const made = inputs.filter((input) => !isGiven(input)).map((input) => input.shape.size);
  const elements = made.reduce((a, b) => a + b, 0);
  return elements <= 2 * shape.size && made.every((size) => size * length * 4 <= maxStackBytes);
}

function total({ primitive, attrs, inputs }: Node, stackOf: (operand: Node) => Node): Node {
  const stacks = inputs.map(stackOf);
  if (primitive === sumPrimitive) return sum(at(stacks, 0), [0, ...list(attrs.axes).map((axis) => axis + 1)]);
  const [a, b] = stacks.map((x) => reshape(x, [at(x.shape, 0) * at(x.shape, 1), at(x.shape, 2)]));
  return matmul(a as Node, b as Node, { transposeA: true });
}
