/** @file The fuzz on WebGPU: random scripts against values that are never overwritten. */
import { beforeAll, describe, expect, test } from "vitest";
import { init } from "../src/runtime/runtime.ts";
import { runScript } from "./fuzzScript.ts";

const scripts = 100;
const blocks = 10;

describe(`${scripts} random scripts on webgpu`, () => {
  beforeAll(async () => {
    expect((await init({ backend: "webgpu" })).backend).toBe("webgpu");
  });
  test.each(Array.from({ length: blocks }, (_, block) => block))("block %i", async (block) => {
    for (let i = 0; i < scripts / blocks; i++) await runScript((block * scripts) / blocks + i);
  });
});
