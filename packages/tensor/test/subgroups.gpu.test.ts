/** @file Row kernels of the compiler through subgroups, forced on a software adapter: the same values, whatever lies beside them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { explain } from "../src/explain.ts";
import { jit } from "../src/jit.ts";
import * as ops from "../src/ops/index.ts";
import { init, reset } from "../src/runtime/runtime.ts";
import { type Tensor, tensor } from "../src/tensor.ts";
import { readAll } from "../src/transfer.ts";

const rows = (x: Tensor, gamma: Tensor): Tensor[] => [
  ops.softmax(x),
  ops.layerNormalization(x, { gamma, beta: gamma, axis: -1 }),
  ops.max(x, { axis: 1 }),
  ops.argmax(x, { axis: -1 }),
  ops.sum(x.mul(x)),
];

async function valuesOn(subgroups: boolean): Promise<{ values: number[][]; text: string }> {
  await init({ backend: "webgpu", target: { subgroups, narrowRow: 8 } });
  const x = tensor(
    Float32Array.from({ length: 6 * 84 }, (_, i) => Math.sin(i * 1.7) * 3),
    { shape: [6, 84] },
  );
  const gamma = tensor(Float32Array.from({ length: 84 }, (_, i) => 1 + i / 84));
  const step = jit(rows);
  const values = await readAll(step(x, gamma));
  const text = explain(step);
  await reset();
  return { values: values.map((each) => [...(each as Float32Array)]), text };
}

let hasSubgroups = false;

beforeAll(async () => {
  const { features } = await init({ backend: "webgpu" });
  hasSubgroups = features.includes("subgroups") && navigator.gpu.wgslLanguageFeatures.has("subgroup_id");
  await reset();
});

afterAll(reset);

test("softmax, layer norm, extremes and sums agree with the tree's", async () => {
  if (!hasSubgroups) return;
  const [tree, subgroups] = [await valuesOn(false), await valuesOn(true)];
  expect(tree.text).not.toContain("subgroupAdd");
  expect(subgroups.text).toContain("subgroupAdd");
  subgroups.values.forEach((values, i) => {
    values.forEach((value, j) =>
      expect(Math.abs(value - (tree.values[i]?.[j] as number))).toBeLessThan(1e-5 * 84),
    );
  });
});

test("a software adapter keeps the tree unless it is told", async () => {
  await init({ backend: "webgpu" });
  const step = jit((x: Tensor) => ops.softmax(x));
  await step(tensor(new Float32Array(4 * 1024), { shape: [4, 1024] })).data();
  expect(explain(step)).not.toContain("enable subgroups");
  await reset();
});
