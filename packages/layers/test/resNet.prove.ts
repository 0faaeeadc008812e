/** @file What a step of ResNet-20 costs on WebGPU, counted; its pipelines take a software adapter a minute or more. */
import { init } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { countStep, floats, integers } from "./countStep.ts";
import { resNet } from "./realModels.ts";

beforeAll(() => init({ backend: "webgpu" }));

test("ResNet-20 on 32x32x3: at most 150 dispatches, 1 pass, 1 submit; nothing is made after the first step", async () => {
  const model = resNet({ side: 32, stages: [16, 32, 64], blocksPerStage: 3 });
  const { first, step } = await countStep(model, {
    loss: "sparse_categorical_crossentropy",
    batch: 2,
    x: (n) => floats(n, 32, 32, 3),
    y: (n) => integers(10, n),
  });
  console.log(`ResNet-20: ${JSON.stringify({ pipelines: first.pipelines, step })}`);
  expect(step).toMatchObject({ passes: 1, submits: 1, bindGroups: 0, buffersCreated: 0, pipelines: 0 });
  expect(step.dispatches).toBeLessThanOrEqual(150);
});
