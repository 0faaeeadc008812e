/** @file Every gradient rule against central differences of the double-precision interpreter, to second order. */
import { describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import { type Node, newestId, type RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { leaf, type Sample, samples } from "./samples.ts";
import { uniform } from "./samplesInputs.ts";

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };
/** Truncation about step^2, cancellation about 1e-16 / step: both near 1e-10. */
const step = 1e-5;

/** Number of nodes recorded after `newest` that the results need. */
function countNew(roots: readonly (Node | null)[], newest: number): number {
  const seen = new Set(roots.filter((node) => node !== null && node.id > newest));
  for (const node of seen) for (const input of node?.inputs ?? []) if (input.id > newest) seen.add(input);
  return seen.size;
}

/** The vjp with the check that it builds no node which nothing uses. */
function checkedVjp(
  outputs: readonly Node[],
  cotangents: readonly Node[],
  wrt: readonly Node[],
  rebuilds = false,
): (Node | null)[] {
  const newest = newestId();
  const found = vjp(outputs, cotangents, wrt, everything);
  if (!rebuilds) expect(countNew(found, newest)).toBe(newestId() - newest);
  return found;
}

type Point = ReadonlyMap<Node, RefArray>;

const evaluate = (roots: readonly Node[], point: Point): RefArray[] =>
  interpret(roots, (node) => point.get(node) ?? null);

/** Sum of products of all values. */
const inner = (a: readonly RefArray[], b: readonly RefArray[]): number =>
  a.reduce(
    (sum, x, i) => sum + x.data.reduce((part, value, j) => part + value * (b[i]?.data[j] as number), 0),
    0,
  );

/** The point moved by `by` along one direction per leaf. */
function moved(point: Point, leaves: readonly Node[], direction: readonly RefArray[], by: number): Point {
  const next = new Map(point);
  for (const [i, node] of leaves.entries()) {
    const value = point.get(node) as RefArray;
    const data = value.data.map((x, j) => x + by * (direction[i]?.data[j] as number));
    next.set(node, { ...value, data });
  }
  return next;
}

/** Derivative of sum(weights * roots) along a direction of the leaves, by central differences. */
function difference(
  roots: readonly Node[],
  weights: readonly RefArray[],
  point: Point,
  leaves: readonly Node[],
  direction: readonly RefArray[],
): number {
  const at = (by: number): number => inner(evaluate(roots, moved(point, leaves, direction, by)), weights);
  return (at(step) - at(-step)) / (2 * step);
}

/** Random directions, and each unit direction where there are few. */
function directions(leaves: readonly Node[]): RefArray[][] {
  const random = leaves.map((node, i) => uniform(node.shape, -1, 1, 31 + i));
  const size = leaves.reduce((sum, node) => sum + node.shape.size, 0);
  if (size > 9) return [random];
  const units = leaves.flatMap((node, i) =>
    Array.from({ length: node.shape.size }, (_, j) =>
      leaves.map((other, k) => ({
        ...uniform(other.shape),
        data: new Float64Array(other.shape.size).map((_, l) => Number(k === i && l === j)),
      })),
    ),
  );
  return [random, ...units];
}

function close(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected) + 1e-8);
}

/** Checks that `cotangents` of sum(weights * roots) agree with differences along every direction. */
function checkGradient(
  roots: readonly Node[],
  weights: readonly RefArray[],
  point: Point,
  leaves: readonly Node[],
  cotangents: readonly (Node | null)[],
): void {
  const connected = leaves.filter((_, i) => cotangents[i]);
  const values = evaluate(
    cotangents.filter((node) => node !== null),
    point,
  );
  for (const direction of directions(leaves)) {
    const chosen = direction.filter((_, i) => cotangents[i]);
    close(inner(values, chosen), difference(roots, weights, point, leaves, direction));
  }
  expect(values.map((value) => value.shape)).toEqual(connected.map((node) => node.shape));
}

function checkSample(sample: Sample): void {
  const nodes = sample.inputs.map(leaf);
  const output = sample.build(nodes);
  const weight = uniform(output.shape, 0.5, 1.5, 17);
  const seed = leaf(weight);
  const floats = nodes.filter((node) => node.dtype === "float32");
  const point = new Map([
    ...nodes.map((node, i) => [node, sample.inputs[i]] as const),
    [seed, weight] as const,
  ]) as Point;

  const first = checkedVjp([output], [seed], floats, sample.rebuilds);
  checkGradient([output], [weight], point, floats, first);

  const roots = first.filter((node) => node !== null);
  const weights = roots.map((node, i) => uniform(node.shape, -1, 1, 41 + i));
  const leaves = [...floats, seed];
  const seeds = weights.map(leaf);
  const full = new Map([...point, ...seeds.map((node, i) => [node, weights[i] as RefArray] as const)]);
  const second = checkedVjp(roots, seeds, leaves, sample.rebuilds);
  checkGradient(roots, weights, full, leaves, second);
}

describe("gradients against central differences, first and second order", () => {
  const checked = samples.filter((sample) => !sample.noGradient);
  test.each(checked.map((sample) => [sample.label, sample] as const))("%s", (_, sample) =>
    checkSample(sample),
  );
});

describe("rows without a gradient check", () => {
  const unchecked = samples.filter((sample) => sample.noGradient);
  test.each(unchecked.map((sample) => [sample.label, sample] as const))(
    "%s builds a gradient or none",
    (_, sample) => {
      const nodes = sample.inputs.map(leaf);
      const output = sample.build(nodes);
      const seed = leaf({ ...uniform(output.shape), dtype: output.dtype });
      const found = checkedVjp([output], [seed], nodes, sample.rebuilds);
      for (const [i, node] of nodes.entries()) {
        if (node.dtype !== "float32" || output.dtype !== "float32") expect(found[i]).toBeNull();
      }
    },
  );
});
