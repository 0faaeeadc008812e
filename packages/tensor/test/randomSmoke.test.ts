import { test, expect } from "vitest";
import { init, jit, tensor } from "../src/index.ts";
import * as random from "../src/random/index.ts";
test("smoke", async () => {
  console.log(await init({ backend: "cpu" }));
  console.log(await random.uniform([5], { seed: 0 }).data());
  console.log(await random.normal([5], { seed: 0 }).data());
  const g = new random.SeedGenerator(42);
  const f = jit(() => random.uniform([3], { seed: g }));
  for (let i = 0; i < 3; i++) console.log(await f().data());
  console.log(await random.uniform([3], { seed: g }).data());
  console.log(await random.permutation(10, { seed: 0 }).data());
  const p = jit(() => random.permutation(10, { seed: 0 }));
  console.log(await p().data());
});
