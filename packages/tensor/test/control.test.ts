/** @file Control flow on the cpu and in the oracle. */
import { beforeAll, describe, expect, test } from "vitest";
import { handleFree, init, type Tensor } from "../src/index.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { useNode } from "../src/runtime/handles.ts";
import type { Memory } from "../src/runtime/memory.ts";
import { controlCases } from "./controlCases.ts";
import { controlSuite, gradientOf, inputsOf, secondOf } from "./controlSuite.ts";

beforeAll(() => init({ backend: "cpu" }));

/** As library code, so that nothing waits for evaluation afterwards. */
function inDoublePrecision(record: () => Tensor): Float64Array {
  return handleFree(() => {
    const [found] = interpret([useNode(record())], (node) => {
      const { shape, dtype } = node;
      const host = (node.stored as Memory | null)?.host;
      return host ? { shape, dtype, data: Float64Array.from(host) } : null;
    });
    return (found as { data: Float64Array }).data;
  });
}

describe("on the cpu", () => controlSuite());

describe("in double precision", () => {
  test.each(Object.entries(controlCases))(
    "%s: value and derivatives are those of the program written out",
    (_, one) => {
      const { loop, plain, inputs } = one;
      const compare = (of: (program: typeof loop) => typeof loop) => {
        const found = inDoublePrecision(() => of(loop)(...inputsOf(one)));
        const expected = inDoublePrecision(() => of(plain)(...inputsOf(one)));
        expect(found.length).toBe(expected.length);
        const scale = Math.max(1, ...expected.map(Math.abs));
        found.forEach((value, k) => expect(value / scale).toBeCloseTo((expected[k] as number) / scale, 9));
      };
      compare((program) => program);
      for (const i of inputs.keys()) {
        compare((program) => gradientOf(program, i));
        for (const j of inputs.keys()) compare((program) => secondOf(program, i, j));
      }
    },
  );
});
