/** @file The fuzz's operations: what each does to tensors and what it does to the oracle's values. */

import { take } from "../src/ops/indexing.ts";
import { concatenate } from "../src/ops/shape.ts";
import type { Tensor } from "../src/tensor.ts";
import { tensor } from "../src/tensor.ts";
import type { Value } from "./fuzzOracle.ts";
import * as oracle from "./fuzzOracle.ts";

/** Random numbers of one script: mulberry32, so that a seed is a script. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    x = (x + Math.imul(x ^ (x >>> 7), x | 61)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }
  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
}

/** Small multiples of 1/2, which float32 adds and multiplies exactly. */
export const numbers = (dice: Dice, n: number): Float32Array =>
  Float32Array.from({ length: n }, () => (dice.below(13) - 6) / 2);

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** One application: operands by position, the rest static. */
export interface Step {
  readonly name: string;
  readonly args: readonly number[];
  readonly tensor: (args: readonly Tensor[]) => Tensor;
  readonly value: (args: readonly Value[]) => Value;
}

type Maker = (dice: Dice, shapes: readonly (readonly number[])[]) => Step | null;

const first = (args: readonly Tensor[]): Tensor => args[0] as Tensor;
const firstOf = (args: readonly Value[]): Value => args[0] as Value;

function one(
  name: string,
  args: readonly number[],
  onTensor: (x: Tensor) => Tensor,
  onValue: (x: Value) => Value,
): Step {
  return { name, args, tensor: (list) => onTensor(first(list)), value: (list) => onValue(firstOf(list)) };
}

const anyIndex = (dice: Dice, shapes: readonly unknown[]): number => dice.below(shapes.length);

/** Index of a random operand of some rank, or -1. */
function ofRank(dice: Dice, shapes: readonly (readonly number[])[], rank: number): number {
  const fitting = shapes.flatMap((shape, i) => (shape.length === rank ? [i] : []));
  return fitting.length === 0 ? -1 : dice.pick(fitting);
}

function broadcasts(a: readonly number[], b: readonly number[]): boolean {
  const rank = Math.min(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => i + 1).every((i) => {
    const [x, y] = [a[a.length - i], b[b.length - i]];
    return x === y || x === 1 || y === 1;
  });
}

const binaryOps = ["add", "sub", "mul"] as const;

const binary: Maker = (dice, shapes) => {
  const a = anyIndex(dice, shapes);
  const fitting = shapes.flatMap((shape, i) =>
    broadcasts(shape, shapes[a] as readonly number[]) ? [i] : [],
  );
  const b = dice.pick(fitting);
  const name = dice.pick(binaryOps);
  return {
    name,
    args: [a, b],
    tensor: ([x, y]) => (x as Tensor)[name](y as Tensor),
    value: ([x, y]) => oracle[name](x as Value, y as Value),
  };
};

const withNumber: Maker = (dice, shapes) => {
  const name = dice.pick(binaryOps);
  const number = (dice.below(9) - 4) / 2;
  const constant = oracle.source([], [number]);
  return one(
    `${name} ${number}`,
    [anyIndex(dice, shapes)],
    (x) => x[name](number),
    (x) => oracle[name](x, constant),
  );
};

const unary: Maker = (dice, shapes) => {
  const name = dice.pick(["neg", "square", "tanh"] as const);
  return one(name, [anyIndex(dice, shapes)], (x) => x[name](), oracle[name]);
};

const matmul: Maker = (dice, shapes) => {
  const a = ofRank(dice, shapes, 2);
  if (a < 0) return null;
  const inner = (shapes[a] as readonly number[])[1];
  const fitting = shapes.flatMap((shape, i) => (shape.length === 2 && shape[0] === inner ? [i] : []));
  if (fitting.length === 0) {
    return one(
      "gram",
      [a],
      (x) => x.transpose().matmul(x),
      (x) => oracle.matmul(oracle.transpose(x), x),
    );
  }
  return {
    name: "matmul",
    args: [a, dice.pick(fitting)],
    tensor: ([x, y]) => (x as Tensor).matmul(y as Tensor),
    value: ([x, y]) => oracle.matmul(x as Value, y as Value),
  };
};

const reduce: Maker = (dice, shapes) => {
  const index = anyIndex(dice, shapes);
  const rank = (shapes[index] as readonly number[]).length;
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => dice.chance(0.6));
  const keepdims = dice.chance(0.5);
  if (axes.length === 0) return null;
  return one(
    `sum ${axes}`,
    [index],
    (x) => x.sum({ axis: axes, keepdims }),
    (x) => oracle.sum(x, axes, keepdims),
  );
};

const move: Maker = (dice, shapes) => {
  const index = anyIndex(dice, shapes);
  const shape = shapes[index] as readonly number[];
  if (shape.length === 0) return null;
  if (dice.chance(0.3)) return one("transpose", [index], (x) => x.transpose(), oracle.transpose);
  if (dice.chance(0.4)) {
    // Never the shape it has: that would be the operand itself.
    const flat = shape.length === 1 ? [sizeOf(shape), 1] : [sizeOf(shape)];
    return one(
      "reshape",
      [index],
      (x) => x.reshape(flat),
      (x) => oracle.reshape(x, flat),
    );
  }
  const begin = shape.map((extent) => dice.below(extent));
  const size = shape.map((extent, axis) => 1 + dice.below(extent - (begin[axis] as number)));
  return one(
    "slice",
    [index],
    (x) => x.slice(begin, size),
    (x) => oracle.slice(x, begin, size),
  );
};

const rows: Maker = (dice, shapes) => {
  const index = ofRank(dice, shapes, 2);
  if (index < 0) return null;
  const [extent] = shapes[index] as [number, number];
  if (dice.chance(0.5)) {
    const picked = Array.from({ length: 1 + dice.below(4) }, () => dice.below(extent));
    const indices = Int32Array.from(picked);
    return one(
      "take",
      [index],
      (x) => take(x, tensor(indices), { axis: 0 }),
      (x) => oracle.takeRows(x, picked),
    );
  }
  return one(
    "concat",
    [index],
    (x) => concatenate([x, x.mul(2)]),
    (x) => oracle.concatRows(x, oracle.mul(x, oracle.source([], [2]))),
  );
};

const makers: readonly Maker[] = [
  binary,
  binary,
  binary,
  withNumber,
  unary,
  unary,
  matmul,
  reduce,
  move,
  rows,
];
const largest = 600;

/** A random operation on these operands that neither grows without bound nor hits a branch by rounding. */
export function randomStep(dice: Dice, operands: readonly Value[]): Step {
  const shapes = operands.map((value) => value.shape);
  for (;;) {
    const step = dice.pick(makers)(dice, shapes);
    if (!step) continue;
    const result = step.value(step.args.map((i) => operands[i] as Value));
    if (result.data.length <= largest && result.data.every((x) => Math.abs(x) < 200)) return step;
    if (dice.chance(0.2)) {
      const i = anyIndex(dice, shapes);
      return one("tanh", [i], (x) => x.tanh(), oracle.tanh);
    }
  }
}

const half = oracle.source([], [0.5]);

/** Makes a value bounded, so that repeated assignments stay in range. */
export const bounded: Pick<Step, "tensor" | "value"> = {
  tensor: (args) => first(args).mul(0.5).tanh().mul(2),
  value: (args) => oracle.mul(oracle.tanh(oracle.mul(firstOf(args), half)), oracle.source([], [2])),
};
