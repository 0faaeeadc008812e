/** @file The cpu backend in a page: real networks with fused products, with strict WebAssembly as in Node, and in JavaScript. */
import { init, reset } from "@tenrec/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "vitest/browser";
import { programs, train } from "./realRuns.ts";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** tools/vitest/trainInNode.mjs */
    trainInNode: () => Promise<Record<string, number[]>>;
  }
}

const modes = { relaxed: ["wasm-simd", "relaxed-simd"], strict: ["wasm-simd"], javascript: [] } as const;
type Mode = keyof typeof modes;

const losses = {} as Record<Mode, Record<string, readonly number[]>>;
let inNode: Record<string, readonly number[]>;

/** All but one that is for WebGPU alone. */
const names = Object.keys(programs).filter((name) => name !== "wide LSTM");

beforeAll(async () => {
  inNode = await commands.trainInNode();
  for (const mode of Object.keys(modes) as Mode[]) {
    const { features } = await init({ backend: "cpu", webAssembly: mode === "javascript" ? false : mode });
    expect(features).toEqual(modes[mode]);
    losses[mode] = {};
    for (const name of names) losses[mode][name] = (await train(programs[name]!, {})).losses;
    await reset();
  }
});
afterAll(() => reset());

const distance = (found: readonly number[], wanted: readonly number[]): number =>
  Math.max(...wanted.map((loss, i) => Math.abs(found[i]! - loss) / Math.max(1, Math.abs(loss))));

test("relaxed is what a page gets unasked", async () => {
  const { backend, features, notice } = await init({ backend: "cpu" });
  expect({ backend, features, notice }).toEqual({
    backend: "cpu",
    features: modes.relaxed,
    notice: undefined,
  });
});

describe.each(names)("%s", (name) => {
  test("learns in 20 steps", () => {
    const run = losses.relaxed[name]!;
    expect(run).toHaveLength(20);
    expect(run.at(-1)).toBeLessThan(run[0]!);
  });

  test("strict is Node's run to the bit", () => expect(losses.strict[name]).toEqual(inNode[name]));

  test("relaxed is within 1e-4 of strict", () =>
    expect(distance(losses.relaxed[name]!, losses.strict[name]!)).toBeLessThan(1e-4));

  test("JavaScript is within 1e-4 of strict", () =>
    expect(distance(losses.javascript[name]!, losses.strict[name]!)).toBeLessThan(1e-4));
});

test("products that join their sums in one rounding are in use", () => {
  expect(losses.relaxed).not.toEqual(losses.strict);
});
