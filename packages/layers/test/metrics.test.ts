/** @file Metrics: examples, weights, names in compile, bad input, state. */
import { init, ops, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { layers, metrics, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "cpu" }));

const resultOf = async (metric: metrics.Metric) => (await metric.result().data())[0] as number;

describe("examples of Keras's documentation", () => {
  test("AUC of four predictions", async () => {
    const auc = new metrics.AUC({ numThresholds: 3 });
    auc.updateState([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]);
    expect(await resultOf(auc)).toBeCloseTo(0.75, 6);
    auc.resetState();
    auc.updateState([0, 0, 1, 1], [0, 0.5, 0.3, 0.9], { sampleWeight: [1, 0, 0, 1] });
    expect(await resultOf(auc)).toBeCloseTo(1, 6);
  });

  test("precision", async () => {
    const precision = new metrics.Precision();
    precision.updateState([0, 1, 1, 1], [1, 0, 1, 1]);
    expect(await resultOf(precision)).toBeCloseTo(2 / 3, 6);
    precision.resetState();
    precision.updateState([0, 1, 1, 1], [1, 0, 1, 1], { sampleWeight: [0, 0, 1, 0] });
    expect(await resultOf(precision)).toBe(1);
    const top = new metrics.Precision({ topK: 2 });
    top.updateState([[0, 0, 1, 1]], [[1, 1, 1, 1]]);
    expect(await resultOf(top)).toBe(0);
    top.resetState();
    top.updateState([[0, 0, 1, 1]], [[1, 0.5, 1, 0.75]]);
    expect(await resultOf(top)).toBe(0.5);
  });

  test("recall", async () => {
    const recall = new metrics.Recall();
    recall.updateState([0, 1, 1, 1], [1, 0, 1, 1]);
    expect(await resultOf(recall)).toBeCloseTo(2 / 3, 6);
    recall.resetState();
    recall.updateState([0, 1, 1, 1], [1, 0, 1, 1], { sampleWeight: [0, 0, 1, 0] });
    expect(await resultOf(recall)).toBe(1);
  });

  test("the root of the mean squared error", async () => {
    const metric = new metrics.RootMeanSquaredError();
    metric.updateState(
      [
        [0, 1],
        [0, 0],
      ],
      [
        [1, 1],
        [0, 0],
      ],
    );
    expect(await resultOf(metric)).toBe(0.5);
    metric.resetState();
    metric.updateState(
      [
        [0, 1],
        [0, 0],
      ],
      [
        [1, 1],
        [0, 0],
      ],
      { sampleWeight: [1, 0] },
    );
    expect(await resultOf(metric)).toBeCloseTo(Math.SQRT1_2, 6);
  });
});

describe("AUC", () => {
  // Values of Keras 3.15 for the same calls.
  const [yTrue, yPred] = [
    [0, 0, 1, 1, 0, 1],
    [0.1, 0.6, 0.35, 0.8, 0.2, 0.9],
  ];

  test("of precision and recall gain", async () => {
    const auc = new metrics.AUC({ curve: "PRGAIN" });
    auc.updateState(yTrue, yPred);
    expect(await resultOf(auc)).toBeCloseTo(0.7916666269302368, 5);
  });

  test("with weights of labels, as one area and as a mean of areas", async () => {
    const [wanted, found] = [
      [
        [0, 1],
        [1, 0],
        [1, 1],
        [0, 0],
      ],
      [
        [0.2, 0.7],
        [0.6, 0.8],
        [0.4, 0.9],
        [0.1, 0.1],
      ],
    ];
    const labelWeights = [1, 3];
    const one = new metrics.AUC({ labelWeights });
    one.updateState(wanted, found);
    expect(await resultOf(one)).toBeCloseTo(0.765625, 5);
    const mean = new metrics.AUC({ labelWeights, multiLabel: true, numLabels: 2 });
    mean.updateState(wanted, found);
    expect(await resultOf(mean)).toBeCloseTo(0.8125, 5);
  });

  test("agrees with the exact area over pairs, to the width of a threshold", async () => {
    const scores = sequence([500], 5, 1).map((value) => value + 0.5);
    const truth = sequence([500], 6, 1).map((value, i) => Number(value + 0.5 < (scores[i] as number)));
    let [wins, pairs] = [0, 0];
    for (let i = 0; i < 500; i++) {
      for (let j = 0; j < 500; j++) {
        if (!(truth[i] === 1 && truth[j] === 0)) continue;
        pairs++;
        wins += Number((scores[i] as number) > (scores[j] as number));
      }
    }
    const auc = new metrics.AUC();
    for (let start = 0; start < 500; start += 100) {
      auc.updateState(truth.slice(start, start + 100), scores.slice(start, start + 100));
    }
    expect(await resultOf(auc)).toBeCloseTo(wins / pairs, 3);
  });

  test("nothing seen is 0", async () => {
    expect(await resultOf(new metrics.AUC())).toBe(0);
    expect(await resultOf(new metrics.AUC({ curve: "PR" }))).toBe(0);
    expect(await resultOf(new metrics.Precision())).toBe(0);
  });

  test("the configuration makes an equal metric", () => {
    for (const options of [
      {},
      { thresholds: [0.3, 0.7] },
      { multiLabel: true, numLabels: 2, curve: "PR" as const },
    ]) {
      const config = new metrics.AUC(options).getConfig();
      expect(new metrics.AUC(JSON.parse(JSON.stringify(config))).getConfig()).toEqual(config);
    }
    for (const Class of [metrics.Precision, metrics.Recall, metrics.TruePositives]) {
      const config = new Class({ thresholds: [0.1, 0.2] }).getConfig();
      expect(new Class(JSON.parse(JSON.stringify(config))).getConfig()).toEqual(config);
    }
  });
});

describe("in a model", () => {
  test("names of every kind give the logs of the metrics themselves", async () => {
    const model = new Sequential([new layers.Dense(1, { activation: "sigmoid" })]);
    model.build([null, 3]);
    const names = [
      "AUC",
      "precision",
      "Recall",
      "mse",
      "root_mean_squared_error",
      "true_positives",
      "binary_crossentropy",
    ];
    model.compile({ optimizer: "sgd", loss: "binary_crossentropy", metrics: ["accuracy", ...names] });
    const x = tensor({ data: sequence([60, 3], 1), shape: [60, 3] });
    const y = tensor({ data: sequence([60], 2).map((value) => Number(value > 0)), shape: [60] });
    const logs = await model.evaluate(x, y, { batchSize: 16 });
    const yPred = await model.predict(x);
    const own = {
      AUC: new metrics.AUC(),
      precision: new metrics.Precision(),
      Recall: new metrics.Recall(),
      mse: new metrics.MeanSquaredError(),
      root_mean_squared_error: new metrics.RootMeanSquaredError(),
      true_positives: new metrics.TruePositives(),
      binary_crossentropy: new metrics.BinaryCrossentropy(),
    };
    expect(Object.keys(logs)).toEqual(["loss", "accuracy", ...names]);
    for (const [name, metric] of Object.entries(own)) {
      metric.updateState(y, yPred);
      expect([name, logs[name]]).toEqual([name, expect.closeTo(await resultOf(metric), 5)]);
    }
    expect(logs.binary_crossentropy).toBeCloseTo(logs.loss as number, 5);
  });
});

describe("bad input", () => {
  test.each([
    [() => new metrics.AUC({ numThresholds: 1 }), /too few thresholds/],
    [() => new metrics.AUC({ curve: "ROCK" as never }), /unknown curve[\s\S]*did you mean "ROC"/],
    [() => new metrics.AUC({ multiLabel: true }), /multiLabel and numLabels go together/],
    [() => new metrics.AUC({ thresholds: [2] }), /not a probability/],
    [() => new metrics.Precision({ thresholds: -0.1 }), /not a probability/],
  ])("%s", (make, message) => {
    expect(make).toThrow(message);
  });

  test("targets that do not fit the predictions", () => {
    const update = (metric: metrics.Metric) => () => metric.updateState([0, 1], ops.ones([2, 3]));
    expect(update(new metrics.Precision())).toThrow(/differ in shape[\s\S]*toCategorical/);
    expect(update(new metrics.AUC())).toThrow(/differ in shape/);
    const labelled = new metrics.AUC({ multiLabel: true, numLabels: 2 });
    expect(() => labelled.updateState(ops.ones([2, 3]), ops.ones([2, 3]))).toThrow(/do not have the labels/);
    const ranked = new metrics.Precision({ topK: 4 });
    expect(() => ranked.updateState(ops.ones([2, 3]), ops.ones([2, 3]))).toThrow(/topK does not fit/);
    const classed = new metrics.Recall({ classId: 3 });
    expect(() => classed.updateState(ops.ones([2, 3]), ops.ones([2, 3]))).toThrow(/classId does not fit/);
  });
});
