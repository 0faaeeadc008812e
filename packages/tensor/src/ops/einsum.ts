/** @file einsum: sums of products over named axes, through transposes, reshapes, sums and matrix products. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { mul } from "../primitives/arithmetic.ts";
import { matmul } from "../primitives/contraction.ts";
import { at } from "../primitives/factory.ts";
import { reshape, slice, transpose } from "../primitives/movement.ts";
import { sum } from "../primitives/reduce.ts";
import { promoteNumbers } from "../runtime/promote.ts";
import { type Tensor, type TensorLike, wrap } from "./arguments.ts";

/** A node and the label of each of its axes. */
interface Term {
  readonly node: Node;
  readonly labels: readonly string[];
}

interface Parsed {
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Labels of the ellipsis: as many as the operand with the most needs, "0" the last axis. */
const ellipsisLabels = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => String(count - 1 - i));

function malformed(equation: string, what: string, nodes: readonly Node[]): ValueError {
  return new ValueError("einsum", what, {
    received: `${JSON.stringify(equation)} with operands ${nodes.map((node) => typeText(node.dtype, node.shape)).join(", ")}.`,
    expected:
      'letters for axes, "," between operands, "->" before the result, "..." for any further axes, as in "...ij,jk->...ik".',
    fix: "name every axis of every operand once, in order.",
  });
}

/** Labels of one operand or of the result, the ellipsis spelled out. */
function labelsOf(part: string, dots: readonly string[]): string[] | null {
  const pieces = part.split("...");
  if (pieces.length > 2 || !pieces.every((piece) => /^[A-Za-z]*$/.test(piece))) return null;
  const [before = "", after] = pieces;
  return after === undefined ? [...before] : [...before, ...dots, ...after];
}

function parse(equation: string, nodes: readonly Node[]): Parsed {
  const [left = "", right, ...more] = equation.replace(/\s/g, "").split("->");
  const parts = left.split(",");
  if (more.length > 0 || parts.length !== nodes.length)
    throw malformed(equation, "the equation does not name these operands.", nodes);
  const dotsOf = (part: string, i: number) => {
    const count = at(nodes, i).shape.length - part.replace("...", "").length;
    if (count < 0 || (count > 0 && !part.includes("...")))
      throw malformed(equation, `operand ${i} has another number of axes.`, nodes);
    return count;
  };
  const dots = parts.map(dotsOf);
  const terms = parts.map((part, i) => labelsOf(part, ellipsisLabels(at(dots, i))));
  const most = ellipsisLabels(Math.max(0, ...dots));
  const output = right === undefined ? implied(terms, most) : labelsOf(right, most);
  const known = new Set(terms.flat());
  if (!output || terms.includes(null) || new Set(output).size < output.length)
    throw malformed(equation, "the equation cannot be read.", nodes);
  if (!output.every((label) => known.has(label)))
    throw malformed(equation, "the result has an axis that no operand has.", nodes);
  return { terms: terms as string[][], output };
}

/** Without "->": the ellipsis, then the letters that stand once, in order of the alphabet. */
function implied(terms: readonly (readonly string[] | null)[], dots: readonly string[]): string[] {
  const all = terms.flatMap((labels) => (labels ?? []).filter((label) => !dots.includes(label)));
  const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label));
  return [...dots, ...once.sort()];
}

/** Extent of each label; axes of the ellipsis broadcast. */
function extentsOf(terms: readonly Term[], equation: string): Map<string, number> {
  const extents = new Map<string, number>();
  for (const { node, labels } of terms)
    for (const [axis, label] of labels.entries()) {
      const [known, extent] = [extents.get(label), at(node.shape, axis)];
      const isDots = /\d/.test(label);
      if (known === undefined || known === extent || (isDots && known === 1)) extents.set(label, extent);
      else if (!isDots || extent !== 1)
        throw new ShapeError("einsum", `axis "${isDots ? "..." : label}" has two extents.`, {
          received: `${known} and ${extent} in ${JSON.stringify(equation)} of ${terms.map((term) => typeText(term.node.dtype, term.node.shape)).join(", ")}.`,
          expected: "one extent for each letter.",
          fix: "check the order of the operands' axes.",
        });
    }
  return extents;
}

const axisOf = ({ labels }: Term, label: string): number => labels.indexOf(label);

/** Without a repeated letter: elements where both positions are equal, every (n + 1)-th of the two axes flattened into one. */
function diagonal(term: Term): Term {
  const label = term.labels.find((name, axis) => term.labels.indexOf(name) !== axis);
  if (label === undefined) return term;
  const own = term.labels.flatMap((name, axis) => (name === label ? [axis] : [])).slice(0, 2);
  const rest = term.labels.flatMap((_, axis) => (own.includes(axis) ? [] : [axis]));
  const outer = rest.map((axis) => at(term.node.shape, axis));
  const extent = at(term.node.shape, at(own, 0));
  const flat = reshape(transpose(term.node, [...rest, ...own]), [...outer, extent * extent]);
  const begin = [...outer.map(() => 0), 0];
  const steps = [...outer.map(() => 1), extent + 1];
  const node = slice(flat, begin, [...outer, extent], steps);
  return diagonal({ node, labels: [...rest.map((axis) => at(term.labels, axis)), label] });
}

/** Without axes of the ellipsis that only broadcast (extent 1 here, more elsewhere). */
function withoutBroadcast({ node, labels }: Term, extents: ReadonlyMap<string, number>): Term {
  const kept = labels.flatMap((label, axis) => (node.shape[axis] === extents.get(label) ? [axis] : []));
  return {
    node: reshape(
      node,
      kept.map((axis) => at(node.shape, axis)),
    ),
    labels: kept.map((axis) => at(labels, axis)),
  };
}

/** Summed over the labels that nothing else needs. */
function summed(term: Term, needed: ReadonlySet<string>): Term {
  const axes = term.labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  return { node: sum(term.node, axes), labels: term.labels.filter((label) => needed.has(label)) };
}

/** The axes in the order of these labels, those of each group as one. */
function arranged(term: Term, groups: readonly (readonly string[])[]): Node {
  const order = groups.flat().map((label) => axisOf(term, label));
  const extents = groups.map((labels) =>
    labels.reduce((size, label) => size * at(term.node.shape, axisOf(term, label)), 1),
  );
  return reshape(transpose(term.node, order), extents);
}

/** Product of two terms, summed over the labels of both that are not needed any more. */
function product(a: Term, b: Term, needed: ReadonlySet<string>, extents: ReadonlyMap<string, number>): Term {
  const [left, right] = [a, b].map((term, i) =>
    summed(term, new Set([...needed, ...at([b, a], i).labels])),
  ) as [Term, Term];
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const inner = shared.filter((label) => !needed.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const shape = labels.map((label) => extents.get(label) as number);
  if (inner.length === 0) {
    const x = arranged(
      left,
      [...batch, ...rows].map((label) => [label]),
    );
    const y = arranged(
      right,
      [...batch, ...columns].map((label) => [label]),
    );
    const ones = rows.map(() => 1);
    const inserted = [...y.shape.slice(0, batch.length), ...ones, ...y.shape.slice(batch.length)];
    const widened = reshape(x, [...x.shape, ...columns.map(() => 1)]);
    return { node: mul(widened, reshape(y, inserted)), labels };
  }
  const single = batch.map((label) => [label]);
  const x = arranged(left, [...single, rows, inner]);
  const y = arranged(right, [...single, inner, columns]);
  return { node: reshape(matmul(x, y), shape), labels };
}

/** Elements of the product of two terms. */
function sizeOf(a: Term, b: Term, needed: ReadonlySet<string>, extents: ReadonlyMap<string, number>): number {
  const labels = new Set([...a.labels, ...b.labels]);
  return [...labels].reduce(
    (size, label) => (needed.has(label) ? size * (extents.get(label) as number) : size),
    1,
  );
}

/** The pair of terms whose product is smallest, the first of equals. */
function nextPair(
  terms: readonly Term[],
  neededWithout: (a: Term, b: Term) => ReadonlySet<string>,
  extents: ReadonlyMap<string, number>,
): [Term, Term] {
  const pairs = terms.flatMap((a, i) => terms.slice(i + 1).map((b): [Term, Term] => [a, b]));
  const sizes = pairs.map(([a, b]) => sizeOf(a, b, neededWithout(a, b), extents));
  return at(pairs, sizes.indexOf(Math.min(...sizes)));
}

/**
 * Sum of products of the operands over the axes that the result does not name. Two at a time, the pair with the smallest product first;
 * pairs with axes to sum over are matrix products.
 * @param subscripts - Letters for the axes of each operand and of the result, such as "bij,bjk->bik"; "..." for any further ones.
 * @throws ValueError if the equation does not fit the operands; ShapeError if a letter has two extents.
 * @example
 * einsum("ij,j->i", tensor([[1, 2], [3, 4]]), tensor([5, 6])); // [17, 39]
 */
export function einsum(subscripts: string, ...operands: readonly TensorLike[]): Tensor {
  const nodes = promoteNumbers(operands);
  const { terms: labels, output } = parse(subscripts, nodes);
  const named = nodes.map((node, i): Term => ({ node, labels: at(labels, i) }));
  const extents = extentsOf(named, subscripts);
  let terms = named.map((term) => withoutBroadcast(diagonal(term), extents));
  while (terms.length > 1) {
    const neededWithout = (a: Term, b: Term) =>
      new Set([...output, ...terms.flatMap((term) => (term === a || term === b ? [] : term.labels))]);
    const [a, b] = nextPair(terms, neededWithout, extents);
    const joined = product(a, b, neededWithout(a, b), extents);
    terms = [...terms.filter((term) => term !== a && term !== b), joined];
  }
  const last = summed(at(terms, 0), new Set(output));
  return wrap(
    arranged(
      last,
      output.map((label) => [label]),
    ),
  );
}
