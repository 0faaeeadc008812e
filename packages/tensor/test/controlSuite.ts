/** @file What the tests of control flow ask of every program: values and gradients to second order, traced, un-jitted and under a tape. */
import { expect, test } from "vitest";
import { GradientTape, grad, jit, ops, type Tensor, tensor } from "../src/index.ts";
import { type ControlCase, controlCases } from "./controlCases.ts";

/** Fixed numbers between -1 and 1. */
export function numbers(size: number, seed: number): number[] {
  return Array.from({ length: size }, (_, i) => Math.sin(1 + seed * 7.3 + i * 1.7));
}

export const inputsOf = ({ inputs }: ControlCase): Tensor[] =>
  inputs.map((shape, i) =>
    tensor(
      Float32Array.from(
        numbers(
          shape.reduce((a, b) => a * b, 1),
          i,
        ),
      ),
      { shape },
    ),
  );

type Program = ControlCase["loop"];

export const gradientOf =
  (program: Program, i: number): Program =>
  (...inputs) =>
    grad((x) => program(...inputs.map((input, k) => (k === i ? x : input))))(inputs[i] as Tensor);

/** Derivative of the gradient's square with respect to input j: a vector product with the second derivatives. */
export const secondOf = (program: Program, i: number, j: number): Program =>
  gradientOf((...inputs) => ops.sum(ops.square(gradientOf(program, i)(...inputs))), j);

async function expectClose(found: Tensor, expected: Tensor, digits: number): Promise<void> {
  const [a, b] = [await found.data(), await expected.data()];
  expect(found.shape).toEqual(expected.shape);
  const scale = Math.max(1, ...Array.from(b, Math.abs));
  a.forEach((value, k) => {
    expect(Math.abs(value - (b[k] as number)) / scale, `element ${k}`).toBeLessThan(10 ** -digits);
  });
}

/** Registers the tests of these cases on the device that is open; second derivatives of those in `twice`. */
export function controlSuite(
  names: readonly string[] = Object.keys(controlCases),
  twice: readonly string[] = names,
): void {
  for (const name of names) {
    const one = controlCases[name] as ControlCase;
    const { loop, plain, inputs } = one;
    test(`${name}: value, un-jitted and traced`, async () => {
      await expectClose(loop(...inputsOf(one)), plain(...inputsOf(one)), 5);
      await expectClose(jit(loop)(...inputsOf(one)), plain(...inputsOf(one)), 5);
    });
    test(`${name}: gradients`, async () => {
      for (const i of inputs.keys()) {
        const expected = gradientOf(plain, i)(...inputsOf(one));
        await expectClose(gradientOf(loop, i)(...inputsOf(one)), expected, 4);
        await expectClose(jit(gradientOf(loop, i))(...inputsOf(one)), expected, 4);
      }
    });
    test.runIf(twice.includes(name))(`${name}: second derivatives`, async () => {
      const last = inputs.length - 1;
      for (const [i, j] of [
        [0, 0],
        [0, last],
        [last, 0],
      ] as const) {
        const expected = secondOf(plain, i, j)(...inputsOf(one));
        await expectClose(jit(secondOf(loop, i, j))(...inputsOf(one)), expected, 3);
      }
    });
    test(`${name}: under a tape, its value read in between`, async () => {
      const tape = new GradientTape();
      const own = inputsOf(one);
      const value = tape.run(() => {
        tape.watch(own);
        return loop(...own);
      });
      await value.data();
      const found = tape.gradient(value, own);
      for (const [i, gradient] of found.entries())
        await expectClose(gradient, gradientOf(plain, i)(...inputsOf(one)), 4);
    });
  }
}
