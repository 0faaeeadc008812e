/** @file ops.simpleRnn, lstm and gru: kernels for whole sequences, loops and steps written out agree; what does not fit is refused. */
import { beforeAll, describe, expect, test } from "vitest";
import { explain, GradientTape, init, jit, ops, random, type Tensor, Variable } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const [batch, steps, features, units] = [2, 4, 3, 5];
const draw = (shape: readonly number[], seed: number): Tensor =>
  random.uniform(shape, { minval: -1, maxval: 1, seed });

const kinds = [
  ["simpleRnn", 1, [units]],
  ["lstm", 4, [4 * units]],
  ["gru", 3, [2, 3 * units]],
] as const;

describe.each(kinds)("%s", (name, gates, biasShape) => {
  const width = gates * units;
  const numStates = name === "lstm" ? 2 : 1;
  const operands = () =>
    [
      new Variable(draw([batch, steps, features], 1)),
      new Variable(draw([features, width], 2)),
      new Variable(draw([units, width], 3)),
      new Variable(draw(biasShape, 4)),
    ] as const;
  const states = () => Array.from({ length: numStates }, (_, i) => new Variable(draw([batch, units], 5 + i)));

  /** All results, and the gradients of all operands and initial states. */
  async function numbers(options: ops.RecurrentOptions): Promise<number[]> {
    const [given, initialState] = [operands(), states()];
    const tape = new GradientTape();
    const [results, total] = tape.run(() => {
      const found = ops[name](...given, { ...options, initialState });
      const all = [found.outputs, ...found.states];
      const terms = all.map((value, i) => ops.sum(ops.multiply(value, draw(value.shape, 9 + i))));
      return [all, terms.reduce((a, b) => ops.add(a, b))] as const;
    });
    const gradients = tape.gradient(total, [...given, ...initialState]);
    const values = await Promise.all([...results, ...gradients].map((value) => (value as Tensor).data()));
    return values.flatMap((value) => [...value]);
  }

  const mask = [
    [true, false, true, true],
    [false, true, true, false],
  ];
  test.each([
    ["without a mask", null],
    ["with a mask", mask],
  ])("kernel, loop and steps written out are one, %s", async (_, given) => {
    // Another function object than ops.tanh, so that only the loop knows it.
    const activation = (x: Tensor): Tensor => ops.tanh(x);
    const whole = await numbers({ mask: given });
    for (const options of [{ activation }, { unroll: true }]) {
      const other = await numbers({ mask: given, ...options });
      expect(other.length).toBe(whole.length);
      other.forEach((value, i) => expect(value).toBeCloseTo(whole[i] as number, 5));
    }
  });

  test("operands that do not fit are refused", () => {
    const [x, kernel, recurrent, bias] = operands();
    const run = ops[name];
    expect(() => run(draw([3, 4], 1), kernel, recurrent, bias)).toThrow(/no batch of sequences/);
    expect(() => run(x, draw([4, width], 1), recurrent, bias)).toThrow(/kernel does not fit/);
    expect(() => run(x, kernel, draw([units, 2], 1), bias)).toThrow(/recurrentKernel does not fit/);
    expect(() => run(x, kernel, recurrent, draw([7], 1))).toThrow(/bias does not fit/);
    expect(() => run(x, kernel, recurrent, bias, { mask: [[true]] })).toThrow(/mask does not fit/);
    const three = [0, 1, 2].map(() => draw([batch, units], 1));
    expect(() => run(x, kernel, recurrent, bias, { initialState: three })).toThrow(
      /wrong number of initial states/,
    );
    const five = [...three, ...three.slice(1)];
    expect(() => run(x, kernel, recurrent, bias, { stateFactors: five })).toThrow(
      /wrong number of stateFactors/,
    );
    expect(() => run(x, kernel, recurrent, bias, { inputFactors: [draw([1, 1], 1)] })).toThrow(
      /inputFactors does not fit/,
    );
  });
});

test("explain shows the kernel of a sequence", async () => {
  const step = jit((x: Tensor) => ops.gru(x, draw([4, 9], 2), draw([3, 9], 3)).outputs);
  await step(draw([2, 5, 4], 1)).data();
  expect(explain(step)).toMatch(/gruForward[^]*const UNITS = 3;/);
});
