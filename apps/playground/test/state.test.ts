/** Curves, figures and rows: what the charts and tables of the playground are made of. */
import { expect, test } from "vitest";
import { chartColumns, tableRows } from "../src/panels/chartData.ts";
import { History, smoothed } from "../src/state/history.ts";
import { permutation } from "../src/worker/random.ts";
import { score } from "../src/worker/scores.ts";

const record = (step: number, loss: number) => ({ step, epoch: 0, loss, accuracy: 1 - loss });
const snapshot = (step: number, loss: number) => ({ step, loss, accuracy: 1 - loss, confusion: [] });

test("smoothing keeps a constant curve and does not start at zero", () => {
  expect(smoothed([2, 2, 2], 0.9).map((value) => Math.round(value * 1e9) / 1e9)).toEqual([2, 2, 2]);
  expect(smoothed([1, 0], 0.5)).toEqual([1, 1 / 3]);
  expect(smoothed([3, 1], 0)).toEqual([3, 1]);
});

test("a long history is thinned to means, and its steps stay in order", () => {
  const history = new History();
  for (let step = 1; step <= 20_000; step++) history.add([record(step, step % 2)]);
  expect(history.train.length).toBeLessThanOrEqual(4000);
  expect(history.train.every(({ loss }) => loss === 0.5)).toBe(true);
  expect(
    history.train.every(({ step }, index) => index === 0 || step > (history.train[index - 1]?.step ?? 0)),
  ).toBe(true);
});

test("going back forgets what came after", () => {
  const history = new History();
  history.add([record(1, 0.5), record(2, 0.4), record(3, 0.3)]);
  history.addValidation(snapshot(0, 0.9));
  history.addValidation(snapshot(3, 0.2));
  history.rewind(2);
  expect(history.train.map(({ step }) => step)).toEqual([1, 2]);
  expect(history.validation.map(({ step }) => step)).toEqual([0]);
});

test("the chart's columns share one axis of steps", () => {
  const history = new History();
  history.addValidation(snapshot(0, 0.9));
  history.add([record(1, 0.8), record(2, 0.6)]);
  history.addValidation(snapshot(2, 0.7));
  const [steps, raw, smooth, validation] = chartColumns(history, "loss", 0);
  expect(steps).toEqual([0, 1, 2]);
  expect(raw).toEqual([null, 0.8, 0.6]);
  expect(smooth).toEqual([null, 0.8, 0.6]);
  expect(validation).toEqual([0.9, null, 0.7]);
  expect(tableRows(history, "loss", 0, 10)).toEqual([
    { step: 0, train: undefined, validation: 0.9 },
    { step: 2, train: 0.6, validation: 0.7 },
  ]);
});

test("a permutation holds every row once and follows its seed", () => {
  const order = permutation(100, 7);
  expect([...order].sort((left, right) => left - right)).toEqual(
    Array.from({ length: 100 }, (_, index) => index),
  );
  expect(permutation(100, 7)).toEqual(order);
  expect(permutation(100, 8)).not.toEqual(order);
});

test("scores: mean cross entropy, accuracy, true class by row", () => {
  const scores = score(Float32Array.of(0.5, 0.5, 0.25, 0.75, 0, 1), Int32Array.of(0, 1, 0), 2);
  expect(scores.accuracy).toBeCloseTo(2 / 3);
  expect(scores.loss).toBeCloseTo((-Math.log(0.5) - Math.log(0.75) - Math.log(1e-7)) / 3, 5);
  expect(scores.confusion).toEqual([
    [1, 1],
    [0, 1],
  ]);
});
