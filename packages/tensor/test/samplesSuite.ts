/** @file Runs the sample table, values and first gradients, on a device and compares it with the interpreter. */
import { beforeAll, describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import type { Node, RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { hostNode, typed } from "../src/runtime/host.ts";
import { readNodes } from "../src/runtime/read.ts";
import { init } from "../src/runtime/runtime.ts";
import { type Sample, samples } from "./samples.ts";
import { uniform } from "./samplesInputs.ts";

/** Rounding of a few float32 operations, and of WGSL's transcendental functions. */
const tolerance = { relative: 2e-5, absolute: 2e-6 };

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

const resident = (value: RefArray): Node =>
  hostNode(typed(value.dtype, value.data), value.shape, value.dtype);

interface Built {
  readonly roots: readonly Node[];
  readonly given: ReadonlyMap<Node, RefArray>;
}

/** The sample's output, and its gradients where they are defined, over leaves in memory. */
function built(sample: Sample): Built {
  const inputs = sample.inputs.map(resident);
  const output = sample.build(inputs);
  const given = new Map(inputs.map((node, i) => [node, sample.inputs[i] as RefArray]));
  if (sample.noGradient) return { roots: [output], given };
  const weight = uniform(output.shape, 0.5, 1.5, 17);
  const seed = resident(weight);
  given.set(seed, weight);
  const floats = inputs.filter((node) => node.dtype === "float32");
  const found = vjp([output], [seed], floats, everything).filter((node) => node !== null);
  return { roots: [output, ...found], given };
}

/** Equal bits count as equal, whatever they mean (bitcast integers may read as NaN). */
function expectClose(found: ArrayLike<number>, wanted: RefArray, sample: Sample): void {
  const { relative, absolute } = sample.device ?? tolerance;
  expect(found.length).toBe(wanted.data.length);
  for (const [i, value] of wanted.data.entries()) {
    const error = Math.abs((found[i] as number) - value);
    const limit = wanted.dtype === "float32" ? absolute + relative * Math.abs(value) : 0;
    if (!(error <= limit) && !Object.is(found[i], value))
      expect.fail(`element ${i}: found ${found[i]}, expected ${value} within ${limit}`);
  }
}

async function checkSample(sample: Sample): Promise<void> {
  const { roots, given } = built(sample);
  const expected = interpret(roots, (node) => given.get(node) ?? null, { round: "float32" });
  for (const root of roots) root.handles = 1;
  const found = await readNodes(roots);
  for (const [i, value] of expected.entries()) expectClose(found[i] as ArrayLike<number>, value, sample);
}

/** Defines the tests of these rows on one backend. */
export function testSamples(backend: "cpu" | "webgpu", rows: readonly Sample[] = samples): void {
  describe(`the sample table on ${backend}`, () => {
    beforeAll(async () => {
      expect((await init({ backend })).backend).toBe(backend);
    });
    test.each(rows.map((sample) => [sample.label, sample] as const))("%s", (_, sample) =>
      checkSample(sample),
    );
  });
}
