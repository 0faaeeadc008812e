/** @file Equal training runs give equal bits: compiled steps, and un-jitted steps from a fresh device. */
import { describe, expect, test } from "vitest";
import { handleFree, jit } from "../src/jit.ts";
import { init, reset } from "../src/runtime/runtime.ts";
import { type Tensor, tensor } from "../src/tensor.ts";
import { placeState, placeTogether, readAll } from "../src/transfer.ts";
import type { Variable } from "../src/variable.ts";
import { MlpTraining, wave } from "./mlpStep.ts";
import { TapeTraining } from "./tapeTraining.ts";

const bitsOf = async (variables: readonly Variable[]): Promise<Uint32Array[]> =>
  (await readAll(variables)).map((data) => new Uint32Array(data.buffer, data.byteOffset, data.length));

async function compiledRun(): Promise<Uint32Array[]> {
  const sizes = { rows: 100, features: 30, units: 24, classes: 5 };
  const training = new MlpTraining(sizes, true);
  const { parameters, moments, velocities, state, lossTotal } = training;
  for (const list of [parameters, moments, velocities]) placeTogether(list);
  placeState(state);
  const step = jit((x: Tensor, y: Tensor, weights: Tensor, size: number) =>
    handleFree(() => training.run(x, y, weights, size)),
  );
  const x = tensor(wave(sizes.rows * sizes.features, 1, 1), { shape: [sizes.rows, sizes.features] });
  const y = tensor(Int32Array.from({ length: sizes.rows }, (_, i) => (i * 3) % sizes.classes));
  const weights = tensor(Float32Array.from({ length: sizes.rows }, (_, i) => 1 + (i % 3)));
  for (let epoch = 0; epoch < 3; epoch++) for (const size of [32, 32, 32, 4]) step(x, y, weights, size);
  return bitsOf([...parameters, ...moments, ...velocities, lossTotal]);
}

async function tapeRun(): Promise<Uint32Array[]> {
  const training = new TapeTraining({ batch: 32, features: 30, units: 24, classes: 5 });
  for (let i = 0; i < 12; i++) {
    const loss = training.step();
    if (i % 4 === 1) await loss.data();
    if (i % 4 === 3) await new Promise((resolve) => setTimeout(resolve));
  }
  return bitsOf(training.parameters);
}

export function testRepeats(backend: "cpu" | "webgpu"): void {
  describe.each([
    ["compiled steps", compiledRun, false],
    ["un-jitted steps, from a fresh device", tapeRun, true],
  ])(`two equal runs on ${backend}: %s`, (_, run, fresh) => {
    test("agree bit for bit", async () => {
      const runs: Uint32Array[][] = [];
      for (let i = 0; i < 2; i++) {
        if (fresh) await reset();
        expect((await init({ backend })).backend).toBe(backend);
        runs.push(await run());
      }
      expect(runs[1]).toEqual(runs[0]);
      expect(runs[0]?.some((bits) => bits.some((word) => word !== 0))).toBe(true);
    });
  });
}
