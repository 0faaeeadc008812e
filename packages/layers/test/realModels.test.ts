/** @file Runs of 20 steps of real networks: equal to the bit when repeated, and within 1e-5 without each optimisation of the compiler. */
import { init, reset } from "@tenrec/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backend } from "./golden/backend.ts";
import { distance, type Program, programs, type Run, train } from "./realRuns.ts";

beforeAll(() => init({ backend }));
afterAll(() => reset());

describe.each(Object.keys(programs))("%s", (name) => {
  const program = programs[name] as Program;
  let wanted: Run;
  beforeAll(async () => {
    wanted = await train(program, {});
  });

  test("learns", () => expect(wanted.losses.at(-1)).toBeLessThan(wanted.losses[0] as number));

  test("again: equal to the bit", async () => expect(await train(program, {})).toEqual(wanted));

  test.each([{ fuse: false }, { sideBySide: false }, { templates: false }, { recompute: false }])(
    "with %o: within 1e-5",
    async (options) => {
      const found = await train(program, options);
      expect(distance(found, wanted)).toBeLessThan(1e-5);
      if (options.fuse === false) expect(found.numKernels).toBeGreaterThan(2 * wanted.numKernels);
      if (options.sideBySide === false) expect(found.numCalls).toBe(wanted.numKernels);
    },
  );
});
