/** @file A whole training step on WebGPU, counted: what it dispatches, and that nothing is made once it is prepared. */
import { counters } from "@tenrec/kernels/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { handleFree, jit } from "../src/jit.ts";
import { init } from "../src/runtime/runtime.ts";
import { type Tensor, tensor } from "../src/tensor.ts";
import { placeState, placeTogether } from "../src/transfer.ts";
import { MlpTraining, mnistSizes, wave } from "./mlpStep.ts";

beforeAll(() => init({ backend: "webgpu" }));

const { rows, features } = mnistSizes;
const batch = 128;

function dataset(): [Tensor, Tensor, Tensor] {
  const x = tensor(wave(rows * features, 1), { shape: [rows, features] });
  const y = tensor(Int32Array.from({ length: rows }, (_, i) => i % 10));
  return [x, y, tensor(Float32Array.from({ length: rows }, (_, i) => 1 + (i % 3)))];
}

describe.each([
  ["without", false],
  ["with", true],
])("MLP 784-128-10, batch 128, Adam, %s sample weights", (_, weighted) => {
  test("8 dispatches, 1 pass and 1 submit; no pipeline, buffer or bind group once prepared, also for the tail", async () => {
    const training = new MlpTraining(mnistSizes, weighted);
    placeTogether(training.parameters);
    placeTogether(training.moments);
    placeTogether(training.velocities);
    placeState(training.state);
    const step = jit((x: Tensor, y: Tensor, weights: Tensor, size: number) =>
      handleFree(() => training.run(x, y, weights, size)),
    );
    const data = dataset();
    const tail = rows % batch;
    counters.reset();
    await step.prepare(...data, batch);
    await step.prepare(...data, tail);
    expect(counters.read().pipelines).toBeLessThanOrEqual(12);
    const losses: number[] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let done = 0; done < rows; done += batch) {
        counters.reset();
        step(...data, Math.min(batch, rows - done));
        const { dispatches, passes, submits, pipelines, bindGroups, buffersCreated } = counters.read();
        expect(dispatches).toBeLessThanOrEqual(8);
        expect({ passes, submits, pipelines, bindGroups, buffersCreated }).toEqual({
          passes: 1,
          submits: 1,
          pipelines: 0,
          bindGroups: 0,
          buffersCreated: 0,
        });
      }
      losses.push((await training.lossTotal.item()) / (await training.lossCount.item()));
    }
    expect(await training.badStep.item()).toBe(0);
    expect(await training.lossCount.item()).toBe(2 * rows);
    expect(losses[1]).toBeLessThan(losses[0] as number);
  });
});
