/** @file Operations and their gradients against values computed by the real Keras on JAX (tools/golden/golden_ops.py). */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import type { Node } from "../src/graph/node.ts";
import * as ops from "../src/ops/index.ts";
import { type Tensor, type TensorLike, tensor, wrap } from "../src/tensor.ts";
import { valueOfTensor } from "./opsHost.ts";

interface Computed {
  readonly shape: readonly number[];
  readonly salt: number;
  readonly scale: number;
  readonly shift: number;
}

interface Row {
  readonly name: string;
  readonly inputs: readonly (Computed | readonly number[])[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly result: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}

const file = new URL("golden/ops.json", import.meta.url);
const { rows } = JSON.parse(readFileSync(file, "utf8")) as { rows: readonly Row[] };

/** The numbers of `sequence` in tools/golden/common.py. */
function computed({ shape, salt, scale, shift }: Computed): Tensor {
  let state = Math.imul(salt, 2654435761) >>> 0;
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(Math.fround(((state >>> 16) / 65536 - 0.5) * scale) + Math.fround(shift));
  });
  return tensor(data, { shape });
}

type Function = (...args: unknown[]) => Tensor;

/** Losses of an activation, which reach the clipped region. */
const chains: Readonly<Record<string, (target: TensorLike, x: TensorLike) => Tensor>> = {
  sparseOfSoftmax: (target, x) => ops.sparseCategoricalCrossentropy(target, ops.softmax(x)),
  denseOfSoftmax: (target, x) => ops.categoricalCrossentropy(target, ops.softmax(x)),
  binaryOfSigmoid: (target, x) => ops.binaryCrossentropy(target, ops.sigmoid(x)),
};

/** Both sides round to float32, in other places. */
const tolerance = 1e-5;

function expectClose(found: ArrayLike<number>, wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries())
    expect(Math.abs((found[i] as number) - value)).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    );
}

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

describe("keras.ops", () => {
  test.each(rows.map((row, i) => [`${i} ${row.name} ${JSON.stringify(row.options)}`, row] as const))(
    "%s",
    (_, row) => {
      const inputs = row.inputs.map((input) =>
        "salt" in input ? computed(input) : tensor(Int32Array.from(input)),
      );
      const of = (chains[row.name] ?? (ops as unknown as Record<string, Function>)[row.name]) as Function;
      const result = of(...inputs, row.options);
      expectClose(valueOfTensor(result, "float32").data, row.result);

      const weights = Float32Array.from({ length: result.size }, (_unused, i) => i + 1);
      const seed = tensor(weights, { shape: result.shape });
      const wrt = inputs.filter((input) => input.dtype === "float32").map((input) => input.node);
      const found = vjp([result.node], [seed.node], wrt, everything);
      for (const [i, gradient] of row.gradients.entries())
        expectClose(valueOfTensor(wrap(found[i] as Node), "float32").data, gradient);
    },
  );
});
