/** @file Every metric over three updates, with and without weights, against the real Keras. */
import { init, jit, type Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import * as metrics from "../src/metrics/index.ts";
import { resetNames } from "../src/naming.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, type Stored, stored } from "./golden/compare.ts";
import golden from "./golden/metrics.json" with { type: "json" };

beforeAll(() => init({ backend }));

interface Case {
  readonly metric: string;
  readonly config: object;
  readonly yTrue: string;
  readonly yPred: string;
  readonly sampleWeight: string | null;
  readonly results: (number | number[])[];
  readonly afterReset: number | number[];
}

const inputs = golden.inputs as Record<string, Stored[]>;
const weights = golden.sampleWeights as Record<string, Stored[]>;
const make = (name: string, config: object): metrics.Metric => new metrics[name as "AUC"](config);
const flat = (value: number | number[]): number[] => [value].flat();

/** Labels are integers, everything else float32. */
const part = (name: string, i: number): Tensor => {
  const { shape, data } = (inputs[name] as Stored[])[i] as Stored;
  return /abels|guesses/.test(name)
    ? tensor({ data: Int32Array.from(data, Number), shape })
    : stored({ shape, data });
};

describe.each(golden.cases as Case[])("$metric $config $yTrue $yPred $sampleWeight", (row) => {
  test("results after each update and after a reset", async () => {
    const metric = make(row.metric, row.config);
    for (const [i, wanted] of row.results.entries()) {
      const sampleWeight = row.sampleWeight
        ? stored((weights[row.sampleWeight] as Stored[])[i] as Stored)
        : null;
      metric.updateState(part(row.yTrue, i), part(row.yPred, i), { sampleWeight });
      expectNumbers(await metric.result().data(), flat(wanted));
    }
    metric.resetState();
    metric.updateState(part(row.yTrue, row.results.length - 1), part(row.yPred, row.results.length - 1));
    expectNumbers(await metric.result().data(), flat(row.afterReset));
  });

  test("the same from a compiled update, and as fit reads it", async () => {
    const metric = make(row.metric, row.config);
    const update = jit((yTrue: Tensor, yPred: Tensor) => metric.updateState(yTrue, yPred));
    const { results } = row.sampleWeight ? { results: [row.afterReset] } : row;
    const first = row.sampleWeight ? row.results.length - 1 : 0;
    for (const [i, wanted] of results.entries()) {
      update(part(row.yTrue, first + i), part(row.yPred, first + i));
      expectNumbers(await metric.result().data(), flat(wanted));
    }
    const { tensors, value } = metric.reading();
    const wanted = flat(results.at(-1) as number | number[]);
    if (wanted.length > 1) return;
    expectNumbers([value(await Promise.all(tensors.map((x) => x.data())))], wanted);
  });
});

describe.each(golden.reductions)("$metric $sampleWeight", (row) => {
  test("results after each update", async () => {
    const metric = make(row.metric, {});
    for (const [i, wanted] of row.results.entries()) {
      const sampleWeight = row.sampleWeight
        ? stored((weights[row.sampleWeight] as Stored[])[i] as Stored)
        : null;
      metric.updateState(part(row.values, i), { sampleWeight });
      expectNumbers(await metric.result().data(), [wanted]);
    }
  });
});

test.each(Object.entries(golden.names))("%s is called %s", (Class, name) => {
  resetNames();
  expect(make(Class, {}).name).toBe(name);
});
