/** @file fit, evaluate and predict against the real Keras: histories, validation, weights of samples and classes, callbacks. */
import { init } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { callbacks, layers, Sequential } from "../src/index.ts";
import golden from "./golden/fit.json" with { type: "json" };

beforeAll(() => init({ backend: "cpu" }));

interface Run {
  readonly title: string;
  readonly targets: "labels" | "oneHot" | "binary";
  readonly compile: object;
  readonly fit: { readonly classWeight: Record<number, number> | null };
  readonly validation: "data" | "weighted" | "split" | null;
  readonly sampleWeight: boolean;
  readonly callbacks: readonly {
    readonly name: "EarlyStopping" | "ReduceLROnPlateau";
    readonly config: object;
  }[];
  readonly epoch: number[];
  readonly history: Record<string, number[]>;
  readonly evaluate: Record<string, number>;
  readonly predict: number[];
  readonly finalWeights: number[][];
}

const array = ({ data, shape }: { data: number[]; shape: number[] }) => ({
  data: Float32Array.from(data),
  shape,
});
const x = array(golden.x);
const xv = array(golden.xValidation);

function targetsOf(labels: number[], kind: Run["targets"]) {
  if (kind === "labels") return Int32Array.from(labels);
  if (kind === "binary") return Float32Array.from(labels, (label) => Number(label === 0));
  const data = Float32Array.from(labels.flatMap((label) => [0, 1, 2].map((c) => Number(c === label))));
  return { data, shape: [labels.length, 3] };
}

function network({ targets, compile }: Run): Sequential {
  const binary = targets === "binary";
  const head = binary
    ? new layers.Dense(1, { activation: "sigmoid" })
    : new layers.Dense(3, { activation: "softmax" });
  const model = new Sequential([new layers.Dense(8, { activation: "tanh" }), head]);
  model.build([null, 6]);
  const weights = binary ? golden.initialWeightsBinary : golden.initialWeights;
  model.setWeights(weights.map(({ data }) => Float32Array.from(data)));
  model.compile(compile);
  return model;
}

function expectClose(found: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  expect(found.length).toBe(wanted.length);
  const off = wanted.map(
    (value, i) => Math.abs((found[i] as number) - value) / Math.max(1e-2, Math.abs(value)),
  );
  expect(Math.max(...off)).toBeLessThan(tolerance);
}

describe.each(golden.runs as unknown as Run[])("$title", (run) => {
  test("history, evaluation, predictions and weights", async () => {
    const model = network(run);
    const y = targetsOf(golden.labels, run.targets);
    const yv = targetsOf(golden.labelsValidation, run.targets);
    const validation = {
      data: { validationData: [xv, yv] as const },
      weighted: { validationData: [xv, yv, Float32Array.from(golden.validationWeight)] as const },
      split: { validationSplit: 0.2 },
      none: {},
    }[run.validation ?? "none"];
    const history = await model.fit(x, y, {
      ...run.fit,
      ...validation,
      ...(run.sampleWeight ? { sampleWeight: Float32Array.from(golden.sampleWeight) } : {}),
      callbacks: run.callbacks.map(({ name, config }) => new callbacks[name](config)),
      verbose: 0,
    });
    expect(history.epoch).toEqual(run.epoch);
    expect(Object.keys(history.history).sort()).toEqual(Object.keys(run.history).sort());
    for (const [name, wanted] of Object.entries(run.history))
      expectClose(history.history[name] ?? [], wanted, 1e-4);
    const found = await model.evaluate(xv, yv, { batchSize: 16 });
    expect(Object.keys(found).sort()).toEqual(Object.keys(run.evaluate).sort());
    for (const [name, wanted] of Object.entries(run.evaluate))
      expectClose([found[name] as number], [wanted], 1e-4);
    const predicted = await model.predict({ data: xv.data.slice(0, 24), shape: [4, 6] });
    expectClose(await predicted.data(), run.predict, 1e-4);
    const weights = await model.getWeights();
    run.finalWeights.forEach((wanted, i) => expectClose(weights[i] as Float32Array, wanted, 1e-3));
  });
});
