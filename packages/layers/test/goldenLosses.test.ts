/** @file Values and gradients of every loss against the real Keras. */
import { GradientTape, init, ops, type Tensor, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { losses } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, expectTensor, type Stored, stored } from "./golden/compare.ts";
import golden from "./golden/losses.json" with { type: "json" };

beforeAll(() => init({ backend }));

interface Case {
  readonly loss: string;
  readonly config: object;
  readonly yTrue: string;
  readonly yPred: string;
  readonly sampleWeight?: string;
  readonly value: Stored;
  readonly gradient: (number | string)[];
}

const inputs = golden.inputs as Record<string, Stored>;
const weights = golden.sampleWeights as Record<string, Stored>;

/** Labels are integers, everything else float32. */
const targets = (name: string): Tensor =>
  /abels/.test(name)
    ? tensor({
        data: Int32Array.from((inputs[name] as Stored).data, Number),
        shape: (inputs[name] as Stored).shape,
      })
    : stored(inputs[name] as Stored);

describe.each(golden.cases as unknown as Case[])("$loss $config $yTrue $yPred $sampleWeight", (row) => {
  test("value and gradient", async () => {
    const loss = new losses[row.loss as "Huber"](row.config);
    const yPred = new Variable(stored(inputs[row.yPred] as Stored));
    const sampleWeight = row.sampleWeight ? stored(weights[row.sampleWeight] as Stored) : null;
    const tape = new GradientTape();
    const [value, total] = tape.run(() => {
      const found = loss.apply(targets(row.yTrue), yPred, { sampleWeight });
      return [found, ops.sum(found)] as const;
    });
    const [gradient] = tape.gradient(total, [yPred]);
    await expectTensor(value, row.value);
    expectNumbers(await (gradient as Tensor).data(), row.gradient);
  });
});

test("every row is there", () => {
  expect(golden.cases.length).toBeGreaterThan(80);
});
