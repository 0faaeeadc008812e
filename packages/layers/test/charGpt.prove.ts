/** @file A character model of four blocks on The Republic: 200 steps along Keras's losses, then a longer run that writes text. */
import { init, ops, random, reset } from "@tenrec/tensor";
import { afterEach, expect, inject, type TestContext, test } from "vitest";
import type { Model } from "../src/index.ts";
import { batchOf, type Curve, curveOf, distance, startOf } from "./charGptCurve.ts";
import golden from "./golden/charGpt.json" with { type: "json" };

afterEach(() => reset());

const curve: Curve = golden.republic;
const { steps } = curve.options;

interface Text {
  readonly characters: readonly string[];
  /** Numbers of the characters in their sorted order. */
  readonly data: Int32Array;
}

async function loadText(context: TestContext): Promise<Text> {
  const dataUrl = inject("dataUrl");
  if (dataUrl === "") context.skip("the text is not on this machine");
  const raw = await (await fetch(`${dataUrl}/text/republic_clean.txt`)).text();
  const characters = [...new Set(raw)].sort();
  const numbers = new Map(characters.map((character, number) => [character, number]));
  return { characters, data: Int32Array.from(raw, (character) => numbers.get(character) as number) };
}

test.for(["cpu", "webgpu"] as const)(
  "200 steps on %s: losses as in Keras within 1e-3",
  async (backend, context) => {
    const { data } = await loadText(context);
    await init({ backend });
    const found = await curveOf(startOf(curve), data, curve);
    console.log(`character model on ${backend}: at most ${distance(found, curve.losses)} from Keras`);
    expect(distance(found, curve.losses)).toBeLessThan(1e-3);
  },
);

/** What the model writes after a beginning of `steps` characters. */
async function sample(model: Model, { characters, data }: Text, count: number): Promise<string> {
  const written = [...data.subarray(0, steps)];
  const seed = new random.SeedGenerator(7);
  for (let i = 0; i < count; i++) {
    const context = Int32Array.from(written.slice(-steps));
    const logits = await model.predict({ data: context, shape: [1, steps] });
    const next = random.categorical(
      ops.divide(logits.slice([0, steps - 1, 0], [1, 1, -1]).reshape([1, -1]), 0.7),
      1,
      { seed },
    );
    written.push((await next.data())[0] as number);
  }
  return written
    .slice(steps)
    .map((number) => characters[number])
    .join("");
}

const longRunSeconds = 720;

test("a run of 12 minutes goes on learning and writes text", async (context) => {
  const text = await loadText(context);
  await init({ backend: "cpu" });
  const model = startOf(curve);
  const losses: number[] = [];
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  while (seconds() < longRunSeconds) {
    const { x, y } = batchOf(text.data, losses.length, curve);
    losses.push((await model.trainOnBatch(x, y)).loss as number);
  }
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const figures = {
    steps: losses.length,
    charactersPerSecond: (losses.length * curve.batchSize * steps) / seconds(),
    loss: mean(losses.slice(-20)),
    sample: await sample(model, text, 300),
  };
  console.log(`character model: ${JSON.stringify(figures)}`);
  expect(figures.loss).toBeLessThan(mean(losses.slice(0, 20)));
});
