/**
 * @file The fuzz on the cpu backend: random scripts against values that are never overwritten. FUZZ=100 runs fewer scripts; the name of
 * a failure's seed is all it takes to run that script alone.
 */
import { beforeAll, describe, expect, inject, test } from "vitest";
import { init } from "../src/runtime/runtime.ts";
import { runScript } from "./fuzzScript.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** How many scripts run on cpu. */
    fuzzScripts: number;
  }
}

const scripts = inject("fuzzScripts");
const blocks = 30;
const totals = { compared: 0, stale: 0 };

describe(`${scripts} random scripts on cpu`, () => {
  beforeAll(async () => {
    expect((await init({ backend: "cpu" })).backend).toBe("cpu");
  });
  test.each(Array.from({ length: blocks }, (_, block) => block))("block %i", async (block) => {
    const from = Math.round((block * scripts) / blocks);
    const to = Math.round(((block + 1) * scripts) / blocks);
    for (let seed = from; seed < to; seed++) {
      const { compared, stale } = await runScript(seed);
      totals.compared += compared;
      totals.stale += stale;
    }
  });
  test("compared many values, and refused few", () => {
    expect(totals.compared).toBeGreaterThan(500 * scripts);
    expect(totals.stale).toBeLessThan(scripts);
  });
});
