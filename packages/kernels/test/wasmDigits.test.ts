/** @file Axes as digits: code that divides them by constants gives the same numbers without a division, or is left alone. */
import { describe, expect, test } from "vitest";
import { affineForms, axesAffine, type Params } from "../src/cpu/affine.ts";
import { Memory, MemoryRange } from "../src/cpu/memory.ts";
import { replaceAxes, type SplitCode, splitAxes, splitForm, splitStores } from "../src/cpu/wasm/digits.ts";
import type { Instr } from "../src/ir/kernel.ts";
import { Code } from "./cpuReference.ts";

const noParams: Params = { words: new Uint32Array(0), patched: new Set() };

const int = (code: Code, op: "idiv" | "irem" | "add" | "mul", a: number, b: number): number =>
  code.op(op, "int32", a, b);
const divide = (code: Code, a: number, by: number): number => int(code, "idiv", a, code.const(by));
const remainder = (code: Code, a: number, by: number): number => int(code, "irem", a, code.const(by));

/** What step `id` is at a place. */
function evaluate(code: readonly Instr[], id: number, place: readonly number[], words: Uint32Array): number {
  const { op, args, value = 0 } = code[id]!;
  const [a = 0, b = 0] = args.map((arg) => evaluate(code, arg, place, words));
  if (op === "axis") return place[value]!;
  if (op === "const") return value;
  if (op === "param") return words[value]!;
  if (op === "idiv") return Math.trunc(a / b);
  if (op === "irem") return a % b;
  return op === "mul" ? a * b : a + b;
}

/** A place in digits: what each new axis is where the old axes are `place`. */
function inDigits(place: readonly number[], { digits, extents }: SplitCode): number[] {
  const all = [...place, ...extents.slice(place.length).map(() => 0)];
  for (const [axis, own] of digits)
    for (const digit of own) all[digit.axis] = Math.floor(place[axis]! / digit.divisor) % digit.extent;
  return all;
}

function places(extents: readonly number[]): number[][] {
  return extents.reduce<number[][]>(
    (all, extent) => all.flatMap((place) => Array.from({ length: extent }, (_, i) => [...place, i])),
    [[]],
  );
}

/** Every step of `code` has its value at every place, and no step that is left divides an axis. */
function expectSame(code: readonly Instr[], extents: readonly number[], params = noParams): SplitCode {
  const split = splitAxes(code, extents, params);
  for (const place of places(extents)) {
    const digits = inDigits(place, split);
    for (const id of code.keys())
      expect(evaluate(split.code, split.idOf(id), digits, params.words)).toBe(
        evaluate(code, id, place, params.words),
      );
  }
  return split;
}

const divisions = ({ code }: SplitCode): number =>
  code.filter(({ op }) => op === "idiv" || op === "irem").length;

describe("axes that are divided", () => {
  test("row and column of a flat position", () => {
    const code = new Code();
    const i = code.axis(0);
    int(code, "add", int(code, "mul", divide(code, i, 6), code.const(100)), remainder(code, i, 6));
    const split = expectSame(code.code, [24]);
    expect(divisions(split)).toBe(0);
    expect(split.digits.get(0)).toEqual([
      { axis: 1, divisor: 6, extent: 4 },
      { axis: 2, divisor: 1, extent: 6 },
    ]);
    expect(split.extents).toEqual([24, 4, 6]);
    const { axes } = affineForms(split.code, noParams)[split.idOf(code.code.length - 1)]!;
    expect([...axes]).toEqual([
      [1, 100],
      [2, 1],
    ]);
  });

  test("quotients of quotients, and remainders of both", () => {
    const code = new Code();
    const i = code.axis(0);
    const [pixel, channel] = [divide(code, i, 4), remainder(code, i, 4)];
    const [row, column] = [divide(code, pixel, 5), remainder(code, pixel, 5)];
    int(code, "add", int(code, "mul", row, code.const(7)), int(code, "add", column, channel));
    const split = expectSame(code.code, [60]);
    expect(divisions(split)).toBe(0);
    expect(split.digits.get(0)?.map(({ divisor, extent }) => [divisor, extent])).toEqual([
      [20, 3],
      [4, 5],
      [1, 4],
    ]);
  });

  test("a quotient of a remainder is the digits between", () => {
    const code = new Code();
    divide(code, remainder(code, code.axis(0), 12), 3);
    const split = expectSame(code.code, [36]);
    expect(divisions(split)).toBe(0);
    expect(split.extents.slice(1)).toEqual([3, 4, 3]);
  });

  test("a remainder within a digit has that digit's end", () => {
    const code = new Code();
    remainder(code, remainder(code, code.axis(0), 12), 4);
    expect(divisions(expectSame(code.code, [36]))).toBe(0);
  });

  test("a remainder beyond the axis is the axis, a quotient beyond it 0", () => {
    const code = new Code();
    const i = code.axis(0);
    divide(code, i, 3);
    remainder(code, i, 64);
    divide(code, i, 64);
    const split = expectSame(code.code, [12]);
    expect(divisions(split)).toBe(0);
    expect(split.code[split.idOf(code.code.length - 1)]).toMatchObject({ op: "const", value: 0 });
  });

  test("params that no run fills in divide too, others do not", () => {
    const code = new Code();
    int(code, "idiv", code.axis(0), code.param(1));
    const words = Uint32Array.of(12, 3);
    expect(expectSame(code.code, [12], { words, patched: new Set([0]) }).digits.size).toBe(1);
    expect(expectSame(code.code, [12], { words, patched: new Set([1]) }).digits.size).toBe(0);
  });

  test("several axes, of which one is left as it is", () => {
    const code = new Code();
    const sum = int(code, "add", divide(code, code.axis(0), 2), code.axis(1));
    int(code, "add", sum, remainder(code, code.axis(2), 5));
    const split = expectSame(code.code, [4, 3, 10]);
    expect([...split.digits.keys()]).toEqual([0, 2]);
    expect(replaceAxes([0, 1, 2], split)).toEqual([3, 4, 1, 5, 6]);
  });
});

describe("axes that are left alone", () => {
  const ragged: Record<string, (code: Code, i: number) => void> = {
    "an extent that the divisor does not divide": (code, i) => void divide(code, i, 7),
    "divisors that do not divide each other": (code, i) => {
      divide(code, i, 4);
      divide(code, i, 6);
    },
    "a divisor of 0": (code, i) => void divide(code, i, 0),
    "a negative divisor": (code, i) => void divide(code, i, -4),
    "a divisor that is computed": (code, i) => void int(code, "idiv", i, code.axis(1)),
    "a sum that is divided": (code, i) => void divide(code, int(code, "add", i, code.const(1)), 4),
    "no division at all": (code, i) => void int(code, "mul", i, code.const(3)),
  };

  test.each(Object.keys(ragged))("%s", (name) => {
    const code = new Code();
    ragged[name]!(code, code.axis(0));
    const extents = [24, 2];
    const split = splitAxes(code.code, extents, noParams);
    expect(split.code).toBe(code.code);
    expect(split.extents).toEqual(extents);
    expect([...code.code.keys()].map(split.idOf)).toEqual([...code.code.keys()]);
  });

  test("a remainder of a quotient that is ragged stays a division", () => {
    const code = new Code();
    const inner = remainder(code, code.axis(0), 6);
    divide(code, inner, 4);
    const split = expectSame(code.code, [24]);
    expect(divisions(split)).toBe(1);
  });

  test("an axis beside one that is split", () => {
    const code = new Code();
    divide(code, code.axis(0), 4);
    divide(code, code.axis(1), 5);
    const split = expectSame(code.code, [8, 12]);
    expect([...split.digits.keys()]).toEqual([0]);
    expect(divisions(split)).toBe(1);
  });
});

describe("what refers to the old axes", () => {
  const code = new Code();
  const i = code.axis(0);
  const value = divide(code, i, 6);
  const split = splitAxes(code.code, [24, 5], noParams);

  test("affine forms", () => {
    const form = axesAffine([[0, 3] as const, [1, 72] as const], 8);
    expect(splitForm(form, split)).toEqual(
      axesAffine([[2, 18] as const, [3, 3] as const, [1, 72] as const], 8),
    );
  });

  test("stores, whether their index is a form or a step", () => {
    const range = new MemoryRange(new Memory(), "float32", 0, 96);
    const store = { op: "set", level: "full", value, range } as const;
    const stores = [
      { ...store, index: axesAffine([[0, 1] as const]) },
      { ...store, index: i },
    ];
    const [byForm, byStep] = splitStores(stores, split);
    expect(byForm).toMatchObject({
      value: split.idOf(value),
      index: axesAffine([[2, 6] as const, [3, 1] as const]),
    });
    expect(byStep).toMatchObject({ value: split.idOf(value), index: split.idOf(i) });
  });
});
