/** @file Rows of the sample table with float16 operands, values and first gradients, against the interpreter in double precision. */
import { beforeAll, describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import { isFloat, type Node, type RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { cast } from "../src/primitives/logic.ts";
import { roundHalf } from "../src/primitives/special.ts";
import { hostNode, typed } from "../src/runtime/host.ts";
import { readNodes } from "../src/runtime/read.ts";
import { type InitOptions, init } from "../src/runtime/runtime.ts";
import { type Sample, samples } from "./samples.ts";

/** A few roundings to float16 on the way (2^-11 each); a kernel may keep a value in float32 that the graph rounds. */
const tolerance = { relative: 4e-3, absolute: 4e-3 };

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

const takesFloats = ({ inputs }: Sample): boolean => inputs.some(({ dtype }) => dtype === "float32");

/** Every row that has float operands. */
export const halfSamples: readonly Sample[] = samples.filter(takesFloats);

/** The first row of each primitive. */
export const halfPrimitives: readonly Sample[] = halfSamples.filter(
  (sample, i) => halfSamples.findIndex(({ primitive }) => primitive === sample.primitive) === i,
);

interface Built {
  readonly roots: readonly Node[];
  readonly given: ReadonlyMap<Node, RefArray>;
}

/** The sample's output over operands in float16, and its gradients where they are defined. */
function built(sample: Sample): Built {
  const given = new Map<Node, RefArray>();
  const leaf = (value: RefArray): Node => {
    const isHalved = value.dtype === "float32";
    const kept = isHalved ? { ...value, data: value.data.map(roundHalf) } : value;
    const node = hostNode(typed(kept.dtype, kept.data), kept.shape, kept.dtype);
    given.set(node, kept);
    return isHalved ? cast(node, "float16") : node;
  };
  const inputs = sample.inputs.map(leaf);
  const output = sample.build(inputs);
  if (sample.noGradient || !isFloat(output)) return { roots: [output], given };
  const ones = {
    shape: output.shape,
    dtype: "float32",
    data: new Float64Array(output.shape.size).fill(1),
  } as const;
  const seed = cast(leaf(ones), output.dtype);
  const found = vjp([output], [seed], inputs.filter(isFloat), everything);
  return { roots: [output, ...found.filter((node) => node !== null)], given };
}

function expectClose(found: ArrayLike<number>, wanted: RefArray): void {
  expect(found.length).toBe(wanted.data.length);
  for (const [i, value] of wanted.data.entries()) {
    const error = Math.abs((found[i] as number) - value);
    const limit = isFloat(wanted) ? tolerance.absolute + tolerance.relative * Math.abs(value) : 0;
    if (!(error <= limit) && !Object.is(found[i], value))
      expect.fail(`${wanted.dtype} element ${i}: found ${found[i]}, expected ${value} within ${limit}`);
  }
}

async function checkSample(sample: Sample): Promise<void> {
  const { roots, given } = built(sample);
  const expected = interpret(roots, (node) => given.get(node) ?? null);
  for (const root of roots) root.handles = 1;
  const found = await readNodes(roots);
  for (const [i, value] of expected.entries()) expectClose(found[i] as ArrayLike<number>, value);
}

/** Defines the tests of these rows on one backend. */
export function testHalves(options: InitOptions, rows: readonly Sample[]): void {
  describe(`the sample table in float16 on ${options.backend}`, () => {
    beforeAll(async () => {
      await init(options);
    });
    test.each(rows.map((sample) => [sample.label, sample] as const))("%s", (_, sample) =>
      checkSample(sample),
    );
  });
}
