/** @file Control flow on the cpu and in the oracle. */
import { beforeAll, describe, expect, test } from "vitest";
import { handleFree, init, jit, type Tensor } from "../src/index.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { useNode } from "../src/runtime/handles.ts";
import type { Memory } from "../src/runtime/memory.ts";
import { type ControlCase, controlCases } from "./controlCases.ts";
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

describe("with each optimisation switched off", () => {
  const names = [
    "a recurrent layer of odd width",
    "several carries that change places, a counter, and a stacked result of its own",
    "a loop in a loop",
    "switch with operands, in a loop",
  ];
  test.each(names)("%s: the same gradient", async (name) => {
    const one = controlCases[name] as ControlCase;
    const gradient = gradientOf(one.loop, 0);
    const expected = await jit(gradient)(...inputsOf(one)).data();
    for (const options of [{ fuse: false }, { sideBySide: false }]) {
      const found = await jit(gradient, options)(...inputsOf(one)).data();
      found.forEach((value, k) => expect(value).toBeCloseTo(expected[k] as number, 5));
    }
  });
});

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
