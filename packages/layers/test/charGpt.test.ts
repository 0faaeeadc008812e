/** @file A small character model (embeddings, causal attention, norms) follows Keras's losses batch by batch. */
import { init, reset } from "@tenrec/tensor";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Curve, curveOf, distance, startOf } from "./charGptCurve.ts";
import golden from "./golden/charGpt.json" with { type: "json" };

beforeAll(() => init({ backend: "cpu" }));
afterAll(() => reset());

/** The golden script's stand-in for a text. */
const pattern = Int32Array.from({ length: 500 }, (_, i) => (7 * i + (i >> 3)) % 20);

test("20 steps of a character model of two blocks: weights as in Keras, losses within 1e-5", async () => {
  const curve: Curve = golden.small;
  const model = startOf(curve);
  expect(model.weights.map(({ shape }) => shape)).toEqual(curve.weightShapes);
  const found = await curveOf(model, pattern, curve);
  expect(distance(found, curve.losses)).toBeLessThan(1e-5);
});
